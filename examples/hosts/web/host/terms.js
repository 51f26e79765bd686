// What an installed version may call and reach: signed beside its package, counted by a serial, never taken back in time.

import { Refused } from "./packages.js";
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

  /** The newest terms that this phone has seen for the version. */
  async of(program, code) {
    const key = keyOf(program, code);
    if (!this.#newest.has(key)) this.#newest.set(key, (await this.#store.get("facts", key)) ?? NONE);
    return this.#newest.get(key);
  }

  /** The same without waiting: what `of` or `take` has brought to mind. */
  known(program, code) {
    return this.#newest.get(keyOf(program, code)) ?? NONE;
  }

  /** Takes the terms of an update or of the answer's "terms"; whether they are new. Throws Refused for a signature that
      is not the platform's, and for terms older than those seen: replaying them would give a right back. */
  async take({ id, code, terms, terms_signature: signature }) {
    const seen = await this.of(id, code);
    if ((terms?.serial ?? 0) < seen.serial) throw new Refused("terms");
    if (!terms || terms.serial === seen.serial) return false;
    const pem = await this.#trust.pem(signature.kid, "package");
    if (pem === null) throw new Refused("key");
    if (!(await signed({ host_app: this.#appKey, program: id, version_code: code, terms }, signature, pem))) throw new Refused("terms");
    await this.#store.set(keyOf(id, code), terms);
    this.#newest.set(keyOf(id, code), terms);
    this.#log("terms", { program: id, code, serial: terms.serial, capabilities: terms.capabilities });
    return true;
  }
}
