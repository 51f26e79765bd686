// Whose word the phone takes: the public keys, and the proof that an answer is not an old one played again.

import { signed } from "./verify.js";

const CLOCK_MS = 5 * 60 * 1000; // how far the phone's clock may be behind the platform's

export class Keys {
  #store;
  #edge;
  #built;
  #log;

  constructor({ store, edge, config, log }) {
    this.#store = store;
    this.#edge = edge;
    this.#built = new Map(Object.entries(config.keys));
    this.#log = log;
  }

  /** The key with this id: one built into the app, null when another is named; an app without any built in keeps the
      first key that it sees under an id for ever. */
  async pem(kid) {
    if (this.#built.size > 0) return this.#built.get(kid) ?? null;
    const kept = await this.#store.get("facts", `key:${kid}`);
    if (kept) return kept;
    const { pem } = await this.#edge.key(kid);
    await this.#store.set(`key:${kid}`, pem);
    this.#log("key", { kid });
    return pem;
  }

  /** Keeps keys that came with the app, where none are built in: the first seen under an id stays. */
  async pin(keys) {
    if (this.#built.size > 0) return;
    for (const [kid, pem] of Object.entries(keys)) {
      if (!(await this.#store.get("facts", `key:${kid}`))) await this.#store.set(`key:${kid}`, pem);
    }
  }
}

/** Why the edge's state is not proven to be the newest: null when it is, else signature, app, expired or older. */
export async function staleness({ store, edge, keys, config, log }) {
  const { statement, signature } = await edge.freshness(config.app_key);
  const pem = await keys.pem(signature.kid);
  if (pem === null || !(await signed(statement, signature, pem))) return "signature";
  if (statement.host_app !== config.app_key) return "app";
  if (Date.now() > statement.expires_at + CLOCK_MS) return "expired";
  if (statement.version < ((await store.get("facts", "version")) ?? 0)) return "older";
  await store.set("version", statement.version);
  log("fresh", { version: statement.version, kid: signature.kid });
  return null;
}
