// The client rules of docs/host-app.md, alive: when to ask, what to believe, what to keep, what never to run.

import { EdgeError } from "./edge.js";
import { deviceFacts } from "./facts.js";
import { Packages, Refused } from "./packages.js";
import { readPreset } from "./preset.js";
import { Terms } from "./terms.js";
import { Trust } from "./trust.js";
import { waitAfter } from "./waits.js";

const MOST_TRIALS = 20;

export class Client {
  programs = new Map();
  online = null; // null until the first answer or failure
  nextAt = 0;
  askedAt = 0;
  #notBefore = 0; // while the platform has asked us to wait, nothing is sent, whoever asks
  #failures = 0;
  #timer;
  #turn = null;
  #registering = null;
  #refused = null; // the device token that the edge did not take

  /** `log(what, details)` hears each step; `changed(id?)` that a program or the connection is different now. */
  constructor({ config, edge, store, log, changed, random = Math.random }) {
    Object.assign(this, { config, edge, store, log, changed, random });
    this.trust = new Trust({ store, edge, config, log });
    this.packages = new Packages({ store, edge, trust: this.trust, config, log });
    this.terms = new Terms({ store, trust: this.trust, config, log });
  }

  /** Remembers what is installed, and takes what the app was built with. It can be opened before any answer. */
  async load() {
    for (const program of await this.store.all("programs")) this.programs.set(program.id, program);
    const serial = (await this.store.get("facts", "preset")) ?? 0;
    const bundle = await readPreset(this);
    if (bundle && bundle.serial > serial) await this.#takePreset(bundle);
  }

  /** Programs that are not here yet come out of the bundle. One that is here stays: the platform may have taken the
      bundle's version back since the app was built. */
  async #takePreset({ serial, programs }) {
    for (const { update, bytes } of programs.filter((one) => !this.programs.has(one.update.id))) {
      try {
        await this.terms.take(update);
        const record = await this.packages.builtIn(update, bytes ?? new Uint8Array());
        await this.#keep({ id: update.id, ...pointTo(record), previous: null, closed: null }, record);
        this.log("preset", { program: update.id, code: update.code });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        await this.#report(update.id, update.code, error.reason);
      }
    }
    const entries = programs.map(({ listing, picture }) => ({ id: listing.id, name: listing.name, description: listing.description, picture }));
    const known = (await this.store.get("facts", "directory")) ?? [];
    await this.store.write((put) => {
      put("facts", "directory", [...known, ...entries.filter((one) => known.every((other) => other.id !== one.id))]);
      put("facts", "preset", serial); // last: a start that broke off begins again with the bundle
    });
  }

  /** Asks the platform for the first time since the app was started. */
  start() {
    this.changed();
    return this.turn();
  }

  /** One check-in with all that follows. While one runs, asking again waits for the same. */
  async turn() {
    if (this.held > 0) return this.log("holds", { seconds: this.held / 1000 });
    clearTimeout(this.#timer);
    this.#turn ??= this.#checkIn().finally(() => { this.#turn = null; });
    await this.#turn;
  }

  /** For how many ms nothing may be sent, because the platform asked for it. */
  get held() {
    return this.#notBefore - Date.now();
  }

  hold(wait) {
    this.#notBefore = Math.max(this.#notBefore, Date.now() + wait);
  }

  /** What the person has agreed to; undefined while nobody has answered. */
  consent() {
    return this.store.get("facts", "consent");
  }

  /** Keeps the person's choice and tells the platform: with the registration, or by a report of its own after it. */
  async decide(choice) {
    const consent = { ...choice, policy_version: this.config.policy_version, at: Date.now() };
    await this.store.write((put) => {
      put("facts", "consent", consent);
      put("facts", "report", crypto.randomUUID()); // stays until it has arrived
    });
    this.log("decided", consent);
    await this.#turn;
    return this.turn();
  }

  /** Asks for a program that is not installed: kept until an answer has come, also across restarts. */
  async want(id) {
    await this.#remember("wanted", (wanted) => [...new Set([...wanted, id])]);
    await this.#turn;
    return this.turn();
  }

  /** Takes part in a trial: the token of its invitation is kept here and shown at every check-in. */
  async join(program, token) {
    await this.#remember("trials", (all) => [...all.filter((one) => one.token !== token), { program, token }].slice(-MOST_TRIALS));
    this.log("trialJoined", { program });
    await this.#turn;
    await this.want(program); // a check-in, whether the program is here or not
  }

  /**
   * The files to run: {program, package, files}, {closed: message} or null when nothing verified is here.
   * The current version is checked anew; one that is damaged is deleted and reported, and the one before it opens.
   */
  async open(id) {
    const program = this.programs.get(id);
    if (!program) return null;
    if (program.closed !== null) {
      this.log("closed", { program: id });
      return { closed: program.closed };
    }
    for (const hash of [program.current, program.previous].filter(Boolean)) {
      try {
        const files = await this.packages.open(hash);
        if (!files) continue;
        const about = await this.packages.about(hash);
        if (hash !== program.current) await this.#keep({ ...program, ...pointTo(about), previous: null });
        this.log(this.online === false ? "openedOffline" : "opened", { program: id, code: about.statement.version_code });
        return { program: this.programs.get(id), package: about, files };
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        await this.#report(id, program.code, error.reason);
        await this.store.write((_, remove) => remove("packages", hash));
      }
    }
    this.programs.delete(id);
    await this.store.write((_, remove) => remove("programs", id));
    this.changed(id);
    return null;
  }

  /** The next moment's question, as it goes over the wire. */
  async #question(device, wanted, problems) {
    const installed = [];
    const lost = []; // vouched for by a key that no longer counts: asked for as if it were not here
    for (const { id, code, current } of this.programs.values()) {
      const { serial } = await this.terms.of(id, code);
      if (await this.packages.vouched(current)) installed.push({ id, code, ...(serial > 0 && { terms: serial }) });
      else lost.push(id);
    }
    const trials = (await this.#recall("trials")).map(({ token }) => token);
    return {
      device: { ...deviceFacts(this.config), id: device },
      installed,
      want: [...wanted.filter((id) => !this.programs.has(id)), ...lost],
      state: (await this.store.get("facts", "state")) ?? "",
      ...(trials.length && { trials }),
      attributes: problems.length ? { package_problem: problems.at(-1) } : {},
    };
  }

  async #checkIn() {
    let wait;
    this.askedAt = Date.now();
    try {
      let answer, wanted, again;
      for (let turns = 0; turns === 0 || (again && turns < 2); turns += 1) {
        const asked = await this.withDevice(async ({ device, token }) => {
          const [wanted, problems] = [await this.#recall("wanted"), await this.#recall("problems")];
          const question = await this.#question(device, wanted, problems);
          return { answer: await this.edge.checkIn(token, question), wanted, problems, question };
        });
        ({ answer, wanted } = asked);
        this.#failures = 0;
        this.#connection(true);
        await this.#remember("problems", (all) => all.slice(asked.problems.length)); // these have arrived
        again = await this.#apply(answer, asked.question);
      }
      await this.#remember("wanted", (all) => all.filter((id) => !wanted.includes(id)));
      wait = answer.next_check_after * 1000 * (1 + this.random() / 10);
    } catch (error) {
      if (!(error instanceof EdgeError)) throw error;
      this.#failures += 1;
      wait = waitAfter(this.#failures, error.retryAfter, this.random);
      if (error.kind === "busy") this.hold(wait);
      this.#connection(error.kind === "busy" || error.kind === "refused");
      this.log(error.kind, { message: error.message, seconds: wait / 1000 });
    }
    this.nextAt = Date.now() + wait;
    this.#timer = setTimeout(() => this.turn(), wait);
    this.changed();
  }

  /** Calls with the device token; one refused token is thrown away and the phone registers once more, not twice. */
  async withDevice(call) {
    for (let again = false; ; again = true) {
      const used = {};
      try {
        Object.assign(used, await this.#device());
        return await call(used);
      } catch (error) {
        if (error.kind !== "token" || again) throw error;
        if (used.token) this.#refused = used.token;
        this.log("token", {});
      }
    }
  }

  /** The device's id and token; whoever asks meanwhile waits for the same registration. */
  #device() {
    this.#registering ??= this.#known().finally(() => { this.#registering = null; });
    return this.#registering;
  }

  async #known() {
    let known = await this.store.get("facts", "device");
    if (!known || known.token === this.#refused) {
      // Made and kept before the first attempt: however often this is sent, it is one and the same device.
      const message = (await this.store.get("facts", "registration")) ?? (this.config.phone || crypto.randomUUID());
      await this.store.set("registration", message);
      known = await this.#register(message);
      this.log("registered", { device: known.device });
    }
    const report = await this.store.get("facts", "report");
    if (!report) return known;
    known = await this.#register(report, known.token);
    if ((await this.store.get("facts", "report")) === report) await this.store.write((_, remove) => remove("facts", "report"));
    this.log("consentTold", {});
    return known;
  }

  /** One report about this phone and what its user agreed to; with a token it is about the device that it has. */
  async #register(message, token) {
    const consent = await this.consent();
    try {
      const body = { message_id: message, ...deviceFacts(this.config), ...(consent && { consent }) };
      const answer = await this.edge.register(body, token);
      const device = { device: answer.device.id, token: answer.token };
      await this.store.set("device", device);
      return device;
    } catch (error) {
      if (error.kind === "token") this.#refused = token;
      throw error;
    }
  }

  /** Does what the answer says, as far as it is proven; true when it is worth asking once more at once. */
  async #apply(answer, { installed }) {
    if (answer.unchanged) this.log("unchanged", { state: answer.state });
    else this.log("checkedIn", { state: answer.state, updates: answer.updates.length });
    const named = [...(answer.withdrawn ?? []), ...(answer.unavailable ?? [])];
    await this.#close(named); // needs no proof: closing what should be open does less harm than the reverse
    const { doubt, offered } = await this.trust.prove();
    if (doubt) {
      this.log("stale", { reason: doubt });
      return doubt === "offered" || doubt === "keys_older"; // published between two calls, or a mirror that mixes
    }
    const withdrawn = await this.#withdrawn(offered);
    await this.#close(withdrawn.filter(({ id }) => this.programs.get(id).closed === null));
    if (await this.#withheld(answer, installed, named, offered)) {
      this.log("stale", { reason: "withheld" });
      return true;
    }
    const vouched = await Promise.all(installed.map(({ id }) => this.packages.vouched(this.programs.get(id)?.current)));
    if (vouched.includes(false)) return true; // the list of keys has just changed
    if (answer.unchanged) return false;
    await this.#reopen([...named, ...withdrawn]);
    let complete = true;
    for (const newer of answer.terms ?? []) complete = (await this.#takeTerms(newer)) && complete;
    for (const update of answer.updates) complete = (await this.#install(update, offered)) && complete;
    if (answer.trials) await this.#keepTrials(answer.trials);
    // A state is kept only when all of its answer has been done: else the rest would hide behind "unchanged".
    if (complete) await this.store.set("state", answer.state);
    return false;
  }

  /** What the platform has withdrawn, whatever the answer says. */
  async #withdrawn(offered) {
    const found = [];
    for (const { id } of this.programs.values()) {
      if (await this.trust.offers(offered, id, "withdrawn")) found.push({ id, message: "" });
    }
    return found;
  }

  /** Whether the answer is silent about an installed version that nobody gets any more. */
  async #withheld({ updates = [] }, installed, named, offered) {
    const told = new Set([...updates, ...named].map(({ id }) => id));
    for (const { id, code } of installed) {
      if (told.has(id) || this.programs.get(id)?.closed !== null) continue;
      if (!(await this.trust.offers(offered, id, code))) return true;
    }
    return false;
  }

  /** Trials that the answer no longer names are over. */
  async #keepTrials(held) {
    const over = (await this.#recall("trials")).filter(({ token }) => !held.some((one) => one.token === token));
    for (const { program } of over) this.log("trialOver", { program });
    await this.#remember("trials", (all) => all.filter((one) => !over.some(({ token }) => token === one.token)));
  }

  /** Withdrawn and no longer offered programs stay closed, offline too, until an answer no longer names them. */
  async #close(named) {
    for (const { id, message } of named) {
      const program = this.programs.get(id);
      if (program && program.closed !== message) {
        await this.#keep({ ...program, closed: message });
        this.log("withdrawn", { program: id, message });
      } else if (!program) {
        this.log("unavailable", { program: id, message });
      }
    }
  }

  async #reopen(named) {
    for (const program of [...this.programs.values()]) {
      if (program.closed === null || named.some((one) => one.id === program.id)) continue;
      await this.#keep({ ...program, closed: null });
      this.log("reopened", { program: program.id });
    }
  }

  /** New terms for a version that is here: they count at once, for a program that is open too. */
  async #takeTerms(newer) {
    try {
      if (await this.terms.take(newer)) this.changed(newer.id);
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      await this.#report(newer.id, newer.code, error.reason);
      return false;
    }
  }

  async #install(update, offered) {
    if (!(await this.trust.offers(offered, update.id, update.code))) {
      await this.#report(update.id, update.code, "not_offered");
      return false;
    }
    if (update.network === "wifi" && navigator.connection?.type === "cellular") {
      this.log("waitsForWifi", { program: update.id });
      return false;
    }
    const before = this.programs.get(update.id);
    try {
      await this.terms.take(update);
      const record = await this.packages.fetch(update, (bytes) => this.changed(update.id, bytes / update.package.size));
      const back = before && update.code < before.code; // taken back: the newer version must not be the fallback
      const previous = before && !back && before.current !== record.sha256 ? before.current : null;
      const atOnce = update.apply === "at_once";
      const news = before && !back ? (update.notes ?? "") : ""; // told once, when the version opens
      const program = { id: update.id, ...pointTo(record), previous, closed: null, atOnce, news };
      await this.#keep(program, record);
      this.log(back ? "wentBack" : "installed", { program: update.id, code: update.code, from: before?.code });
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      await this.store.write((_, remove) => remove("packages", update.package.sha256));
      await this.#report(update.id, update.code, error.reason);
      return false;
    }
  }

  /** Stores a program with its package, and lets go of the packages that it no longer names, in one step. */
  async #keep(program, record) {
    const before = this.programs.get(program.id);
    const others = [...this.programs.values()].filter((one) => one.id !== program.id);
    const named = new Set([program, ...others].flatMap((one) => [one.current, one.previous]));
    await this.store.write((put, remove) => {
      if (record) put("packages", record.sha256, record);
      put("programs", program.id, program);
      for (const hash of [before?.current, before?.previous]) if (hash && !named.has(hash)) remove("packages", hash);
    });
    this.programs.set(program.id, program);
    this.changed(program.id);
  }

  async #report(program, code, reason) {
    this.log("refusedPackage", { program, code, reason });
    await this.#remember("problems", (all) => [...all, `${program}@${code} ${reason}`].slice(-20));
  }

  /** What is new in the version, this once. */
  async tellNews(id) {
    const program = this.programs.get(id);
    if (!program?.news) return "";
    await this.#keep({ ...program, news: "" });
    return program.news;
  }

  #connection(online) {
    if (online === this.online) return;
    this.online = online;
    this.changed();
  }

  async #recall(queue) {
    return (await this.store.get("facts", queue)) ?? [];
  }

  async #remember(queue, change) {
    await this.store.set(queue, change(await this.#recall(queue)));
  }
}

function pointTo(record) {
  return { current: record.sha256, code: record.statement.version_code, name: record.name };
}
