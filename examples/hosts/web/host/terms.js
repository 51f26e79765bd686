// What an installed version may call and reach: signed beside its package, counted by a serial, never taken back in time.

import { Refused } from "./refused.js";
import { signed } from "./verify.js";

/** Of a version without terms: nothing is granted. */
export const NONE = { serial: 0, capabilities: [], domains: { request: [], webview: [], upload: [], download: [] } };

const keyOf = (program, code) => `terms:${program}@${code}`;

export class Terms {
  #store;
  #trust;
  #appKey;
  #log;
  #newest = new Map();

  constructor({ store, trust, config, log }) {
    this.#store = store;
    this.#trust = trust;
    this.#appKey = config.app_key;
    this.#log = log;
  }

  /** The newest terms that this phone has seen for the version; NONE when what is kept is not what was signed. */
  async of(program, code) {
    return (await this.#kept(program, code)).terms;
  }

  /** Whether the key that signed them still counts. */
  async vouched(program, code) {
    const { signature } = await this.#kept(program, code);
    return !signature || (await this.#trust.pem(signature.kid, "package")) !== null;
  }

  /** The same without waiting: what `of` or `take` has brought to mind. */
  known(program, code) {
    return this.#newest.get(keyOf(program, code))?.terms ?? NONE;
  }

  /** Takes the terms of an update or of the answer's "terms"; whether they are new. Throws Refused for a signature that
      is not the platform's, and for terms older than those seen: replaying them would give a right back. */
  async take({ id, code, terms, terms_signature: signature }) {
    const seen = await this.#kept(id, code);
    if ((terms?.serial ?? 0) < seen.terms.serial) throw new Refused("terms");
    const newer = (terms?.serial ?? 0) > seen.terms.serial;
    if (!newer && (!terms || signature?.kid === seen.signature.kid)) return false;
    await this.#verify(id, code, { terms, signature });
    await this.#store.set(keyOf(id, code), { terms, signature });
    this.#newest.set(keyOf(id, code), { terms, signature });
    if (newer) this.#log("terms", { program: id, code, serial: terms.serial, capabilities: terms.capabilities });
    return newer;
  }

  async #kept(program, code) {
    const key = keyOf(program, code);
    if (!this.#newest.has(key)) {
      const kept = await this.#store.get("facts", key);
      this.#newest.set(key, kept && (await this.#proves(program, code, kept)) ? kept : { terms: NONE });
    }
    return this.#newest.get(key);
  }

  async #proves(program, code, kept) {
    try {
      await this.#verify(program, code, kept);
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return false;
    }
  }

  async #verify(program, code, { terms, signature }) {
    const pem = signature ? await this.#trust.pem(signature.kid, "package") : null;
    if (pem === null) throw new Refused("key");
    if (!(await signed({ host_app: this.#appKey, program, version_code: code, terms }, signature, pem))) throw new Refused("terms");
  }
}
