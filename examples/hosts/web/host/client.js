// The client rules of docs/host-app.md, alive: when to ask, what to tell, how much of an answer to believe.

import { Device } from "./device.js";
import { EdgeError } from "./edge.js";
import { deviceFacts } from "./facts.js";
import { Packages } from "./packages.js";
import { readPreset } from "./preset.js";
import { Programs } from "./programs.js";
import { Terms } from "./terms.js";
import { Trust } from "./trust.js";
import { waitAfter } from "./waits.js";

const MOST_TRIALS = 20;

export class Client {
  online = null; // null until the first answer or failure
  nextAt = 0;
  askedAt = 0;
  #notBefore = 0; // while the platform has asked us to wait, nothing is sent, whoever asks
  #failures = 0;
  #timer;
  #turn = null;
  #pages = new Map(); // program → the page that somebody waits for

  /** `log(what, details)` hears each step; `changed(id?)` that a program or the connection is different now. */
  constructor({ config, edge, store, log, changed, random = Math.random }) {
    Object.assign(this, { config, edge, store, log, changed, random });
    this.device = new Device({ store, edge, config, log });
    this.trust = new Trust({ store, edge, config, log });
    this.terms = new Terms({ store, trust: this.trust, config, log });
    const line = { busy: (after) => this.hold(waitAfter(1, after, random)) };
    Object.defineProperty(line, "held", { get: () => this.held });
    const packages = new Packages({ store, edge, trust: this.trust, terms: this.terms, config, log, line });
    this.programs = new Programs({ store, trust: this.trust, packages, terms: this.terms, log, changed });
  }

  /** Remembers what is installed, and takes what the app was built with. It can be opened before any answer. */
  async load() {
    await this.programs.load();
    const serial = (await this.store.get("facts", "preset")) ?? 0;
    const bundle = await readPreset(this);
    if (bundle && bundle.serial > serial) await this.programs.takePreset(bundle);
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

  /** Keeps the person's choice and tells the platform. */
  async decide(choice) {
    await this.device.decide(choice);
    await this.#turn;
    return this.turn();
  }

  /** Asks for a program that is not installed: kept until an answer has come, also across restarts. `page` tells which
      part of it is needed first. */
  async want(id, page = "") {
    this.#pages.set(id, page);
    await this.store.remember("wanted", (wanted) => [...new Set([...wanted, id])]);
    await this.#turn;
    return this.turn();
  }

  /** Takes part in a trial: the token of its invitation is kept here and shown at every check-in. */
  async join(program, token) {
    await this.store.remember("trials", (all) => [...all.filter((one) => one.token !== token), { program, token }].slice(-MOST_TRIALS));
    this.log("trialJoined", { program });
    await this.#turn;
    await this.want(program); // a check-in, whether the program is here or not
  }

  /** What to run, as Programs.open says. */
  open(id, page) {
    return this.programs.open(id, { page, online: this.online });
  }

  async #checkIn() {
    let wait;
    this.askedAt = Date.now();
    try {
      let answer, wanted, again;
      for (let turns = 0; turns === 0 || (again && turns < 2); turns += 1) {
        const asked = await this.device.call(async ({ device, token }) => {
          const [wanted, problems] = [await this.store.recall("wanted"), await this.store.recall("problems")];
          const question = await this.#question(device, wanted, problems);
          return { answer: await this.edge.checkIn(token, question), wanted, problems, question };
        });
        ({ answer, wanted } = asked);
        this.#failures = 0;
        this.#connection(true);
        await this.store.remember("problems", (all) => all.slice(asked.problems.length)); // these have arrived
        again = await this.#apply(answer, asked.question);
      }
      await this.store.remember("wanted", (all) => all.filter((id) => !wanted.includes(id)));
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

  /** The next moment's question, as it goes over the wire. */
  async #question(device, wanted, problems) {
    const installed = [];
    const lost = []; // vouched for by a key that no longer counts: asked for as if it were not here
    for (const { id, code } of this.programs.values()) {
      const { serial } = await this.terms.of(id, code);
      if (await this.programs.vouched(id)) installed.push({ id, code, ...(serial > 0 && { terms: serial }) });
      else lost.push(id);
    }
    const trials = (await this.store.recall("trials")).map(({ token }) => token);
    return {
      device: { ...deviceFacts(this.config), id: device },
      installed,
      want: [...wanted.filter((id) => !this.programs.has(id)), ...lost],
      state: (await this.store.get("facts", "state")) ?? "",
      ...(trials.length && { trials }),
      attributes: problems.length ? { package_problem: problems.at(-1) } : {},
    };
  }

  /** Does what the answer says, as far as it is proven; true when it is worth asking once more at once. */
  async #apply(answer, { installed }) {
    if (answer.unchanged) this.log("unchanged", { state: answer.state });
    else this.log("checkedIn", { state: answer.state, updates: answer.updates.length });
    const named = [...(answer.withdrawn ?? []), ...(answer.unavailable ?? [])];
    await this.programs.close(named); // needs no proof: closing what should be open does less harm than the reverse
    const { doubt, offered } = await this.trust.prove();
    if (doubt) {
      this.log("stale", { reason: doubt });
      return doubt === "offered" || doubt === "keys_older"; // published between two calls, or a mirror that mixes
    }
    const withdrawn = await this.#withdrawn(offered);
    await this.programs.close(withdrawn.filter(({ id }) => this.programs.get(id).closed === null));
    if (await this.#withheld(answer, installed, named, offered)) {
      this.log("stale", { reason: "withheld" });
      return true;
    }
    const vouched = await Promise.all(installed.map(({ id }) => this.programs.vouched(id)));
    if (vouched.includes(false)) return true; // the list of keys has just changed
    if (answer.unchanged) return false;
    await this.programs.reopen([...named, ...withdrawn]);
    let complete = true;
    for (const newer of answer.terms ?? []) complete = (await this.programs.takeTerms(newer)) && complete;
    for (const update of answer.updates) {
      complete = (await this.programs.install(update, offered, this.#pages.get(update.id))) && complete;
      this.#pages.delete(update.id);
    }
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
    const over = (await this.store.recall("trials")).filter(({ token }) => !held.some((one) => one.token === token));
    for (const { program } of over) this.log("trialOver", { program });
    await this.store.remember("trials", (all) => all.filter((one) => !over.some(({ token }) => token === one.token)));
  }

  #connection(online) {
    if (online === this.online) return;
    this.online = online;
    this.changed();
  }
}
