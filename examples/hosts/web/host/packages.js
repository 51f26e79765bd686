// The packages on this phone: fetched, verified, kept, and verified again each time before one is opened.

import { signed, sha256 } from "./verify.js";
import { BadPackage, unzip } from "./unzip.js";

/** This package must not run; `reason` is size, hash, signature, terms, key or form. */
export class Refused extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

export class Packages {
  #store;
  #edge;
  #trust;
  #appKey;
  #log;

  constructor({ store, edge, trust, config, log }) {
    this.#store = store;
    this.#edge = edge;
    this.#trust = trust;
    this.#appKey = config.app_key;
    this.#log = log;
  }

  /** Has the update's package on the phone, verified, and returns its record. Nothing is kept of a refused one. */
  async fetch(update, progress) {
    const { package: offered } = update;
    const record = this.#recordOf(update);
    const kept = await this.#store.get("packages", offered.sha256);
    if (kept) {
      this.#log("kept", { program: update.id, code: update.code });
      return this.#verified({ ...record, bytes: kept.bytes });
    }
    this.#log("download", { program: update.id, code: update.code, size: offered.size });
    const bytes = await this.#edge.download(offered.url, offered.size, progress);
    return this.#verified({ ...record, bytes }, true);
  }

  /** The record of an update whose bytes came with the app: verified as if they had been downloaded. */
  builtIn(update, bytes) {
    return this.#verified({ ...this.#recordOf(update), bytes }, true);
  }

  #recordOf({ id, code, name, entry, package: offered, signature }) {
    const { sha256: hash, size, files_root } = offered;
    const statement = { host_app: this.#appKey, program: id, version_code: code, sha256: hash, size, files_root };
    return { sha256: hash, name, entry, statement, signature };
  }

  /** The files of a package kept here, after a new check of hash and signature; null when it is not here. */
  async open(hash) {
    const kept = await this.#store.get("packages", hash);
    if (!kept) return null;
    return filesOf((await this.#verified(kept)).bytes);
  }

  /** The record of a package kept here. */
  about(hash) {
    return this.#store.get("packages", hash);
  }

  /** Whether the key that vouched for a package kept here still counts. */
  async vouched(hash) {
    const kept = await this.about(hash);
    return !kept || (await this.#trust.pem(kept.signature.kid, "package")) !== null;
  }

  async #verified(record, aloud = false) {
    const { statement, signature, bytes } = record;
    if (bytes.length !== statement.size) throw new Refused("size");
    if ((await sha256(bytes)) !== statement.sha256) throw new Refused("hash");
    if (aloud) this.#log("hash", { sha256: statement.sha256 });
    const pem = await this.#trust.pem(signature.kid, "package");
    if (pem === null) throw new Refused("key");
    if (!(await signed(statement, signature, pem))) throw new Refused("signature");
    if (aloud) this.#log("signature", { kid: signature.kid });
    const files = filesOf(bytes);
    if (!files.has(record.entry)) throw new Refused("form");
    if (aloud) this.#log("unpacked", { files: files.size });
    return record;
  }
}

function filesOf(bytes) {
  try {
    return unzip(bytes);
  } catch (error) {
    if (error instanceof BadPackage) throw new Refused("form");
    throw error;
  }
}
