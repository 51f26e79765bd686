// Whose word the phone takes. The app believes a root key; the root key names the keys that count; of these one says what
// is the newest state and what is offered at all, another vouches for packages. docs/signing.md names the attacks.

import { canonicalJson, sha256, signed } from "./verify.js";

const CLOCK_MS = 5 * 60 * 1000; // how far the phone's clock may be behind the platform's
const bytesOf = (text) => new TextEncoder().encode(text);

class Doubt extends Error {}

function doubt(reason) {
  throw new Doubt(reason);
}

export class Trust {
  #store;
  #edge;
  #config;
  #log;

  constructor({ store, edge, config, log }) {
    this.#store = store;
    this.#edge = edge;
    this.#config = config;
    this.#log = log;
  }

  /** The key with this id, when it counts and is for this purpose; else null. Needs no network. */
  async pem(kid, purpose) {
    const list = await this.#store.get("facts", "keys");
    return list?.keys.find((key) => key.kid === kid && key.purpose === purpose)?.pem ?? null;
  }

  /** Whether the platform offers this version, or has withdrawn a program, by the list that was proven last. */
  async offers(list, program, what) {
    const digest = await sha256(bytesOf(canonicalJson([this.#config.app_key, program, what])));
    return list[what === "withdrawn" ? "withdrawn" : "versions"].includes(digest.slice(0, 16));
  }

  /** What is offered at all, proven to be the newest state: {offered}, or {doubt: reason}. */
  async prove() {
    try {
      const { statement, signature } = await this.#edge.freshness(this.#config.app_key);
      const kept = await this.#store.get("facts", "keys");
      if (!kept || statement.keys > kept.version || Date.now() > kept.expires_at) await this.#renewKeys(kept);
      const keys = await this.#store.get("facts", "keys");
      if (statement.keys !== keys.version) doubt("keys_older");
      const pem = await this.pem(signature.kid, "freshness");
      if (pem === null) doubt("key");
      if (!(await signed(statement, signature, pem))) doubt("signature");
      if (statement.host_app !== this.#config.app_key) doubt("app");
      if (Date.now() > statement.expires_at + CLOCK_MS) doubt("expired");
      const seen = await this.#store.get("facts", "seen");
      // What a revoked key said counts for nothing, also how far it counted.
      const counts = seen && (await this.pem(seen.kid, "freshness")) !== null;
      if (counts && statement.version < seen.version) doubt("older");
      await this.#store.set("seen", { kid: signature.kid, version: statement.version });
      const offered = await this.#offered(statement.offered);
      this.#log("fresh", { version: statement.version, kid: signature.kid });
      return { offered };
    } catch (error) {
      if (error instanceof Doubt) return { doubt: error.message };
      throw error;
    }
  }

  /** Takes a list of keys that came with the app, unless a newer one is here; false when no root key signed it. */
  async adopt(document) {
    const kept = await this.#store.get("facts", "keys");
    if (!(await this.#rooted(document))) return false;
    if (!kept || document.statement.version > kept.version) await this.#store.set("keys", document.statement);
    return true;
  }

  async #renewKeys(kept) {
    const document = await this.#edge.keys(this.#config.app_key);
    const { statement } = document;
    if (!(await this.#rooted(document))) doubt("keys_signature");
    if (kept && statement.version < kept.version) doubt("keys_older");
    if (Date.now() > statement.expires_at + CLOCK_MS) doubt("keys_expired");
    await this.#store.set("keys", statement);
    this.#log("keys", { version: statement.version, count: statement.keys.length });
  }

  /** Whether a root key that is believed here signed this list. */
  async #rooted({ statement, signatures }) {
    const roots = await this.#roots(statement);
    const found = signatures.map(async (one) => roots.has(one.kid) && signed(statement, one, roots.get(one.kid)));
    return (await Promise.all(found)).some(Boolean);
  }

  /** The root keys: those built into the app, and those that a list which they signed has named since. An app without
      any built in keeps those of the first list that it sees: better than none, and not as good as a key of its own. */
  async #roots(statement) {
    const named = (list) => list.keys.filter((key) => key.purpose === "root").map((key) => [key.kid, key.pem]);
    const kept = await this.#store.get("facts", "keys");
    const built = Object.entries(this.#config.root);
    return new Map([...built, ...named(kept ?? (built.length ? { keys: [] } : statement))]);
  }

  async #offered(wanted) {
    const kept = await this.#store.get("facts", "offered");
    if (kept?.sha256 === wanted) return kept;
    const bytes = await this.#edge.offered(this.#config.app_key);
    if ((await sha256(bytes)) !== wanted) doubt("offered");
    const list = { ...JSON.parse(new TextDecoder().decode(bytes)), sha256: wanted };
    await this.#store.set("offered", list);
    return list;
  }
}
