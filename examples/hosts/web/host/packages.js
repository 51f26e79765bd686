// The packages on this phone: fetched whole or in parts, verified, kept, and verified again each time one is opened.

import { borrowed, filesOf, needed, Opening, Parts } from "./parts.js";
import { Refused } from "./refused.js";
import { signed, sha256 } from "./verify.js";

export class Packages {
  #store;
  #edge;
  #trust;
  #terms;
  #parts;
  #appKey;
  #log;

  constructor({ store, edge, trust, terms, config, log, line }) {
    this.#store = store;
    this.#edge = edge;
    this.#trust = trust;
    this.#terms = terms;
    this.#parts = new Parts({ store, edge, log, line });
    this.#appKey = config.app_key;
    this.#log = log;
  }

  /** Has the update on the phone, verified, and returns its record: the whole package, or of one that comes in parts what
      `page` needs and what the phone had of the version `before`. Nothing is kept of a refused one. The update's terms
      have been taken. */
  async fetch(update, { page, before, progress }) {
    const { package: offered } = update;
    const record = this.#recordOf(update);
    const kept = await this.#store.get("packages", offered.sha256);
    if (update.terms?.parts && !kept?.bytes) {
      await this.#vouchedFor(record, true);
      await this.#fetchParts(record, { page, before, progress });
      return record;
    }
    await this.#fetchAll(update.id, borrowed(update.terms ?? {}));
    if (kept?.bytes) {
      this.#log("kept", { program: update.id, code: update.code });
      return this.#verified({ ...record, bytes: kept.bytes });
    }
    this.#log("download", { program: update.id, code: update.code, size: offered.size });
    const bytes = await this.#edge.download(offered.url, offered.size, (done) => progress(done / offered.size));
    return this.#verified({ ...record, bytes }, true);
  }

  /** The record of an update whose bytes came with the app, plugins too: verified as if they had been downloaded. */
  async builtIn(update, bytes, found) {
    const record = await this.#verified({ ...this.#recordOf(update), bytes }, true);
    for (const plugin of borrowed(update.terms ?? {})) {
      const here = found(plugin.sha256);
      if (here) await this.#parts.builtIn(plugin, here);
    }
    return record;
  }

  /** Has the plugins of new terms on the phone. */
  async fetchPlugins(program, terms) {
    await this.#fetchAll(program, borrowed(terms));
  }

  #recordOf({ id, code, name, entry, package: offered, signature }) {
    const { sha256: hash, size, files_root } = offered;
    const statement = { host_app: this.#appKey, program: id, version_code: code, sha256: hash, size, files_root };
    return { sha256: hash, name, entry, statement, signature };
  }

  async #fetchParts(record, { page, before, progress }) {
    const { program } = record.statement;
    const { parts, plugins } = await this.#termsOf(record);
    const had = new Set(((await this.here(before)) ?? []).filter((part) => part.here).map((part) => part.name));
    const wanted = new Set([...needed(parts, page || record.entry), ...parts.filter(({ name }) => had.has(name))]);
    await this.#fetchAll(program, [...wanted, ...borrowed({ plugins })], progress);
  }

  async #fetchAll(program, pieces, progress = () => {}) {
    const size = pieces.reduce((sum, piece) => sum + piece.size, 0);
    let before = 0;
    for (const piece of pieces) {
      await this.#parts.take(program, piece, (done) => progress((before + done) / size));
      before += piece.size;
    }
  }

  /** An opening of a package kept here with the files of `page`, after a new check of hashes and signatures; null when
      it is not here. */
  async open(hash, page) {
    const about = await this.about(hash);
    if (!about) return null;
    const { program } = about.statement;
    const terms = await this.#termsOf(about);
    const whole = about.bytes ? filesOf((await this.#verified(about)).bytes) : null;
    if (!whole) await this.#vouchedFor(about);
    if (!whole && !terms.parts) throw new Refused("terms");
    const opening = new Opening({ take: (part, progress) => this.#parts.take(program, part, progress), terms, whole });
    return { about, opening, files: await opening.start(page, about.entry) };
  }

  /** The record of a package kept here. */
  about(hash) {
    return this.#store.get("packages", hash);
  }

  /** The parts of a version with whether each is on the phone: [{name, here}]; null when it is there as a whole. */
  async here(hash) {
    const about = hash && (await this.about(hash));
    if (!about || about.bytes) return null;
    const { parts = [] } = await this.#termsOf(about);
    return Promise.all(parts.map(async (part) => ({ name: part.name, here: await this.#parts.has(part) })));
  }

  /** The hashes of all that a version may have on the phone beside its record. */
  async beside(record) {
    const { parts = [], plugins } = await this.#termsOf(record);
    return [...(record.bytes ? [] : parts), ...borrowed({ plugins })].map(({ sha256: hash }) => hash);
  }

  /** Whether the keys that vouched for a package kept here and for its terms still count. */
  async vouched(hash) {
    const kept = await this.about(hash);
    if (!kept) return true;
    const { program, version_code: code } = kept.statement;
    return (await this.#trust.pem(kept.signature.kid, "package")) !== null && this.#terms.vouched(program, code);
  }

  #termsOf({ statement }) {
    return this.#terms.of(statement.program, statement.version_code);
  }

  async #verified(record, aloud = false) {
    const { statement, bytes } = record;
    if (bytes.length !== statement.size) throw new Refused("size");
    if ((await sha256(bytes)) !== statement.sha256) throw new Refused("hash");
    if (aloud) this.#log("hash", { sha256: statement.sha256 });
    await this.#vouchedFor(record, aloud);
    const files = filesOf(bytes);
    if (!files.has(record.entry)) throw new Refused("form");
    if (aloud) this.#log("unpacked", { files: files.size });
    return record;
  }

  /** Throws Refused unless a key that counts has signed what the record says of its package. */
  async #vouchedFor({ statement, signature }, aloud = false) {
    const pem = await this.#trust.pem(signature.kid, "package");
    if (pem === null) throw new Refused("key");
    if (!(await signed(statement, signature, pem))) throw new Refused("signature");
    if (aloud) this.#log("signature", { kid: signature.kid });
  }
}
