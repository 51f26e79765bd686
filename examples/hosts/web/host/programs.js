// The mini-programs on this phone: installed, taken back, closed and opened. Nothing here asks the platform for news.

import { EdgeError } from "./edge.js";
import { Refused } from "./refused.js";

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

  /** Remembers what is installed, and lets go of parts that nothing names: of an update that was refused or broke off. */
  async load() {
    for (const program of await this.#store.all("programs")) this.#all.set(program.id, program);
    const named = new Set([...this.values()].flatMap(besides));
    const left = (await this.#store.keys("parts")).filter((hash) => !named.has(hash));
    await this.#store.write((_, remove) => { for (const hash of left) remove("parts", hash); });
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
    for (const { update, bytes, found } of programs.filter((one) => !this.has(one.update.id))) {
      try {
        await this.#terms.take(update);
        const record = await this.#packages.builtIn(update, bytes ?? new Uint8Array(), found);
        await this.#keep({ id: update.id, ...(await this.#pointTo(record)), previous: null, closed: null }, record);
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

  /** Does what an update says; false when it has to come again. `page` is what somebody waits for; "": its start. */
  async install(update, offered, page = "") {
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
      const record = await this.#packages.fetch(update, { page, before: before?.current, progress: (done) => this.#changed(update.id, done) });
      const back = before && update.code < before.code; // taken back: the newer version must not be the fallback
      const previous = before && !back && before.current !== record.sha256 ? before.current : null;
      const previousBeside = previous ? before.beside : [];
      const atOnce = update.apply === "at_once";
      const news = before && !back ? (update.notes ?? "") : ""; // told once, when the version opens
      await this.#keep({ id: update.id, ...(await this.#pointTo(record)), previous, previousBeside, closed: null, atOnce, news }, record);
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
      if (!(await this.#terms.take(newer))) return true;
      const program = this.get(newer.id);
      if (program?.code === newer.code) {
        await this.#keep({ ...program, ...(await this.#pointTo(await this.#packages.about(program.current))) });
        await this.#packages.fetchPlugins(newer.id, newer.terms);
      }
      this.#changed(newer.id);
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
   * What to run: {program, package, opening, files}, {closed: message}, {missing: why} when a part is not here and cannot
   * be had, or null when nothing verified is here.
   * The current version is checked anew; one that is damaged is deleted and reported, and the one before it opens.
   */
  async open(id, { page, online }) {
    const program = this.get(id);
    if (!program) return null;
    if (program.closed !== null) {
      this.#log("closed", { program: id });
      return { closed: program.closed };
    }
    for (const hash of [program.current, program.previous].filter(Boolean)) {
      try {
        const found = await this.#packages.open(hash, page);
        if (!found) continue;
        const { about, opening, files } = found;
        if (hash !== program.current) await this.#keep({ ...program, ...(await this.#pointTo(about)), previous: null, previousBeside: [] });
        this.#log(online === false ? "openedOffline" : "opened", { program: id, code: about.statement.version_code });
        return { program: this.get(id), package: about, opening, files };
      } catch (error) {
        if (error instanceof EdgeError || error.fetched) return { missing: await this.missing(id, program.code, error) };
        if (!(error instanceof Refused)) throw error;
        await this.#report(id, program.code, error.reason);
        await this.#store.write((_, remove) => remove("packages", hash));
      }
    }
    this.#all.delete(id);
    await this.#store.write((_, remove) => {
      remove("programs", id);
      remove("facts", "state"); // it says that what has just been lost was done
    });
    this.#changed(id);
    return null;
  }

  /** A part could not be had: told, and reported when what came was wrong. Any other error goes on. */
  async missing(id, code, error) {
    if (error instanceof Refused) await this.#report(id, code, error.reason);
    else if (!(error instanceof EdgeError)) throw error;
    this.#log("partMissing", { program: id, message: error.message });
    return error.message;
  }

  /** What is new in the version, this once. */
  async tellNews(id) {
    const program = this.get(id);
    if (!program?.news) return "";
    await this.#keep({ ...program, news: "" });
    return program.news;
  }

  /** The parts of the current version, as Packages.here says. */
  parts(id) {
    return this.#packages.here(this.get(id)?.current);
  }

  /** Stores a program with its package, and lets go of packages and parts that it no longer names, in one step. */
  async #keep(program, record) {
    const before = this.get(program.id);
    const others = [...this.values()].filter((one) => one.id !== program.id);
    const named = new Set([program, ...others].flatMap((one) => [one.current, one.previous]));
    const beside = new Set([program, ...others].flatMap(besides));
    await this.#store.write((put, remove) => {
      if (record) put("packages", record.sha256, record);
      put("programs", program.id, program);
      for (const hash of [before?.current, before?.previous]) if (hash && !named.has(hash)) remove("packages", hash);
      for (const hash of before ? besides(before) : []) if (!beside.has(hash)) remove("parts", hash);
    });
    this.#all.set(program.id, program);
    this.#changed(program.id);
  }

  async #report(program, code, reason) {
    this.#log("refusedPackage", { program, code, reason });
    await this.#store.remember("problems", (all) => [...all, `${program}@${code} ${reason}`].slice(-20));
  }

  async #pointTo(record) {
    const beside = await this.#packages.beside(record);
    return { current: record.sha256, code: record.statement.version_code, name: record.name, beside };
  }
}

/** The hashes of the parts and plugins of a program's current version and of the one before. */
function besides({ beside = [], previousBeside = [] }) {
  return [...beside, ...previousBeside];
}
