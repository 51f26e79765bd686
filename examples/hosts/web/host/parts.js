// What a version comes in beside its whole package: parts, fetched when a page needs them, and the plugins it borrows.
// Their hashes stand in the signed terms (docs/sub-packages.md), so here only size and hash are looked at, each time.

import { EdgeError } from "./edge.js";
import { Refused } from "./refused.js";
import { BadPackage, unzip } from "./unzip.js";
import { sha256 } from "./verify.js";

/** Below this path a page finds the files of a plugin, by its alias. */
const PLUGINS = ".ferry/plugin/";

const mainOf = (parts) => parts.find(({ root }) => root === "");

/** The part that holds a path: the sub-package below whose root it lies, else the main part. */
function holder(parts, path) {
  return parts.find(({ root }) => root !== "" && path.startsWith(`${root}/`)) ?? mainOf(parts);
}

/** The parts without which a page does not run: its own, and the main part unless its own is independent. */
export function needed(parts, path) {
  const own = holder(parts, path);
  const main = mainOf(parts);
  return [...new Set(own?.independent ? [own] : [main, own])].filter(Boolean);
}

/** The parts to have at hand while a page is open. A rule names it as a file, without its ending, or as a route. */
export function preloaded({ parts = [], preload = {} }, path, route) {
  const names = [path, path.replace(/(\/index)?\.html?$/, ""), path.replace(/\.html?$/, ""), route];
  const wanted = new Set(names.flatMap((name) => (Object.hasOwn(preload, name) ? preload[name] : [])));
  return parts.filter(({ name }) => wanted.has(name));
}

/** The plugins that there are: one that is not there any more has no package, and is done without. */
export function borrowed({ plugins = [] }) {
  return plugins.filter(({ sha256: hash }) => hash).map((plugin) => ({ ...plugin, name: plugin.alias, prefix: `${PLUGINS}${plugin.alias}/` }));
}

/** The files of a canonical package by path. */
export function filesOf(bytes) {
  try {
    return unzip(bytes);
  } catch (error) {
    if (error instanceof BadPackage) throw new Refused("form");
    throw error;
  }
}

/** Parts and plugins on this phone, by their hash. */
export class Parts {
  #store;
  #edge;
  #log;
  #line;
  #coming = new Map(); // sha256 → the download under way

  /** `line.held` is for how many ms nothing may be sent; `line.busy(retryAfter)` hears that the edge asked to wait. */
  constructor({ store, edge, log, line }) {
    this.#store = store;
    this.#edge = edge;
    this.#log = log;
    this.#line = line;
  }

  async has({ sha256: hash }) {
    return (await this.#store.get("parts", hash)) !== undefined;
  }

  /** The bytes of one, fetched when it is not here. One that is damaged on the phone is fetched anew. */
  async take(program, part, progress) {
    const kept = await this.#store.get("parts", part.sha256);
    const damage = kept ? await fault(kept.bytes, part) : null;
    if (kept && !damage) return kept.bytes;
    if (!this.#coming.has(part.sha256)) {
      const coming = this.#fetch(program, part, progress).finally(() => this.#coming.delete(part.sha256));
      this.#coming.set(part.sha256, coming);
    }
    try {
      return await this.#coming.get(part.sha256);
    } catch (error) {
      const failed = error instanceof EdgeError || error instanceof Refused;
      throw damage && failed ? new Refused(damage) : error; // of what is damaged nothing that can be run is here
    }
  }

  /** Takes one that came with the app. */
  async builtIn(part, bytes) {
    const reason = await fault(bytes, part);
    if (reason) throw new Refused(reason);
    await this.#keep(part, bytes);
  }

  async #fetch(program, part, progress) {
    const { held } = this.#line;
    if (held > 0) throw new EdgeError("busy", { message: "asked to wait", retryAfter: held / 1000 });
    this.#log("part", { program, part: part.name, size: part.size });
    const bytes = await this.#download(await address(program, part), part.size, progress);
    const reason = await fault(bytes, part);
    if (reason) throw new Refused(reason, { fetched: true });
    await this.#keep(part, bytes);
    return bytes;
  }

  async #download(url, size, progress) {
    try {
      return await this.#edge.download(url, size, progress);
    } catch (error) {
      if (error.kind === "busy") this.#line.busy(error.retryAfter);
      throw error;
    }
  }

  #keep({ sha256: hash }, bytes) {
    return this.#store.write((put) => put("parts", hash, { bytes }));
  }
}

/** A name for each part of each program in the address: by it a browser finds the old part when the new one can come
    as a delta (docs/delivery.md). */
async function address(program, { name, sha256: hash }) {
  const of = await sha256(new TextEncoder().encode(`${program}/${name}`));
  return `/packages/${hash}?of=${of}`;
}

async function fault(bytes, { size, sha256: hash }) {
  if (bytes.length !== size) return "size";
  return (await sha256(bytes)) === hash ? null : "hash";
}

/** One opening of a version: hands out files as pages ask for them. */
export class Opening {
  #take;
  #terms;
  #whole; // the files of a package that did not come in parts; else null
  #unpacked = new Map();

  /** `take(part, progress)` gives a part's bytes; `terms` have been proven. */
  constructor({ take, terms, whole = null }) {
    this.#take = take;
    this.#terms = terms;
    this.#whole = whole;
  }

  /** The files with which `path` opens, or `entry` when no part has that path. */
  async start(path, entry) {
    if (this.#whole) return this.#whole;
    const files = new Map();
    const add = async (page) => {
      for (const part of needed(this.#terms.parts, page)) for (const [name, bytes] of await this.#files(part)) files.set(name, bytes);
    };
    await add(path || entry);
    if (!files.has(path)) await add(entry);
    if (!files.has(entry) && !files.has(path)) throw new Refused("form");
    return files;
  }

  /** The files that come with a path that a page asks for; null when there is no such file. */
  async more(path, progress) {
    const plugin = borrowed(this.#terms).find(({ prefix }) => path.startsWith(prefix));
    if (!plugin && this.#whole) return null;
    const part = plugin ?? holder(this.#terms.parts, path);
    if (!part) return null;
    for (const each of plugin ? [plugin] : needed(this.#terms.parts, path)) {
      await this.#files(each, progress && ((done) => progress(done / each.size)));
    }
    const files = await this.#files(part);
    return files.has(path) ? files : null;
  }

  /** Brings what the rules name for a page; it is handed out when it is asked for. */
  async preload(path, route) {
    if (this.#whole) return;
    for (const part of preloaded(this.#terms, path, route)) await this.#take(part);
  }

  async #files(part, progress) {
    const { prefix = "", sha256: hash } = part;
    if (!this.#unpacked.has(hash)) {
      const files = filesOf(await this.#take(part, progress));
      this.#unpacked.set(hash, new Map([...files].map(([path, bytes]) => [prefix + path, bytes])));
    }
    return this.#unpacked.get(hash);
  }
}
