// The mini-programs on this phone: installed, taken back, closed and opened. Nothing here asks the platform for news.

import { Refused } from "./packages.js";

export class Programs {
  #all = new Map();
  #store;
  #trust;
  #packages;
  #terms;
  #log;
  #changed;

  constructor({ store, trust, packages, terms, log, changed }) {
    this.#store = store;
    this.#trust = trust;
    this.#packages = packages;
    this.#terms = terms;
    this.#log = log;
    this.#changed = changed;
  }

  /** Remembers what is installed. */
  async load() {
    for (const program of await this.#store.all("programs")) this.#all.set(program.id, program);
  }

  get(id) {
    return this.#all.get(id);
  }

  has(id) {
    return this.#all.has(id);
  }

  keys() {
    return this.#all.keys();
  }

  values() {
    return this.#all.values();
  }

  /** Programs that are not here yet come out of the bundle that the app was built with. One that is here stays: the
      platform may have taken the bundle's version back since the app was built. */
  async takePreset({ serial, programs }) {
    for (const { update, bytes } of programs.filter((one) => !this.has(one.update.id))) {
      try {
        await this.#terms.take(update);
        const record = await this.#packages.builtIn(update, bytes ?? new Uint8Array());
        await this.#keep({ id: update.id, ...pointTo(record), previous: null, closed: null }, record);
        this.#log("preset", { program: update.id, code: update.code });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        await this.#report(update.id, update.code, error.reason);
      }
    }
    const entries = programs.map(({ listing, picture }) => ({ id: listing.id, name: listing.name, description: listing.description, picture }));
    const known = (await this.#store.get("facts", "directory")) ?? [];
    await this.#store.write((put) => {
      put("facts", "directory", [...known, ...entries.filter((one) => known.every((other) => other.id !== one.id))]);
      put("facts", "preset", serial); // last: a start that broke off begins again with the bundle
    });
  }

  /** Does what an update says; false when it has to come again. */
  async install(update, offered) {
    if (!(await this.#trust.offers(offered, update.id, update.code))) {
      await this.#report(update.id, update.code, "not_offered");
      return false;
    }
    if (update.network === "wifi" && navigator.connection?.type === "cellular") {
      this.#log("waitsForWifi", { program: update.id });
      return false;
    }
    const before = this.get(update.id);
    try {
      await this.#terms.take(update);
      const record = await this.#packages.fetch(update, (bytes) => this.#changed(update.id, bytes / update.package.size));
      const back = before && update.code < before.code; // taken back: the newer version must not be the fallback
      const previous = before && !back && before.current !== record.sha256 ? before.current : null;
      const atOnce = update.apply === "at_once";
      const news = before && !back ? (update.notes ?? "") : ""; // told once, when the version opens
      await this.#keep({ id: update.id, ...pointTo(record), previous, closed: null, atOnce, news }, record);
      this.#log(back ? "wentBack" : "installed", { program: update.id, code: update.code, from: before?.code });
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      await this.#store.write((_, remove) => remove("packages", update.package.sha256));
      await this.#report(update.id, update.code, error.reason);
      return false;
    }
  }

  /** New terms for a version that is here: they count at once, for a program that is open too. */
  async takeTerms(newer) {
    try {
      if (await this.#terms.take(newer)) this.#changed(newer.id);
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      await this.#report(newer.id, newer.code, error.reason);
      return false;
    }
  }

  /** Withdrawn and no longer offered programs stay closed, offline too, until an answer no longer names them. */
  async close(named) {
    for (const { id, message } of named) {
      const program = this.get(id);
      if (program && program.closed !== message) {
        await this.#keep({ ...program, closed: message });
        this.#log("withdrawn", { program: id, message });
      } else if (!program) {
        this.#log("unavailable", { program: id, message });
      }
    }
  }

  /** Opens again what no answer closes any more. */
  async reopen(named) {
    for (const program of [...this.values()]) {
      if (program.closed === null || named.some((one) => one.id === program.id)) continue;
      await this.#keep({ ...program, closed: null });
      this.#log("reopened", { program: program.id });
    }
  }

  /** Whether the key that vouched for what is installed still counts. */
  async vouched(id) {
    return this.#packages.vouched(this.get(id)?.current);
  }

  /**
   * The files to run: {program, package, files}, {closed: message} or null when nothing verified is here.
   * The current version is checked anew; one that is damaged is deleted and reported, and the one before it opens.
   */
  async open(id, online) {
    const program = this.get(id);
    if (!program) return null;
    if (program.closed !== null) {
      this.#log("closed", { program: id });
      return { closed: program.closed };
    }
    for (const hash of [program.current, program.previous].filter(Boolean)) {
      try {
        const files = await this.#packages.open(hash);
        if (!files) continue;
        const about = await this.#packages.about(hash);
        if (hash !== program.current) await this.#keep({ ...program, ...pointTo(about), previous: null });
        this.#log(online === false ? "openedOffline" : "opened", { program: id, code: about.statement.version_code });
        return { program: this.get(id), package: about, files };
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        await this.#report(id, program.code, error.reason);
        await this.#store.write((_, remove) => remove("packages", hash));
      }
    }
    this.#all.delete(id);
    await this.#store.write((_, remove) => remove("programs", id));
    this.#changed(id);
    return null;
  }

  /** What is new in the version, this once. */
  async tellNews(id) {
    const program = this.get(id);
    if (!program?.news) return "";
    await this.#keep({ ...program, news: "" });
    return program.news;
  }

  /** Stores a program with its package, and lets go of the packages that it no longer names, in one step. */
  async #keep(program, record) {
    const before = this.get(program.id);
    const others = [...this.values()].filter((one) => one.id !== program.id);
    const named = new Set([program, ...others].flatMap((one) => [one.current, one.previous]));
    await this.#store.write((put, remove) => {
      if (record) put("packages", record.sha256, record);
      put("programs", program.id, program);
      for (const hash of [before?.current, before?.previous]) if (hash && !named.has(hash)) remove("packages", hash);
    });
    this.#all.set(program.id, program);
    this.#changed(program.id);
  }

  async #report(program, code, reason) {
    this.#log("refusedPackage", { program, code, reason });
    await this.#store.remember("problems", (all) => [...all, `${program}@${code} ${reason}`].slice(-20));
  }
}

function pointTo(record) {
  return { current: record.sha256, code: record.statement.version_code, name: record.name };
}
