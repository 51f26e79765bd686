// A queue that survives restarts: what is in it goes out in order, in pieces, and leaves it when the edge has answered.

import { EdgeError } from "./edge.js";
import { waitAfter } from "./waits.js";

export class Outbox {
  #last = Promise.resolve(); // changes of the stored queue, one after the other
  #flushing = null;
  #failures = 0;
  #timer;

  /** `send(device, items)` is one request with at most `piece` items; at most `most` are kept, the oldest go first. */
  constructor({ name, client, send, piece, most }) {
    Object.assign(this, { name, client, send, piece, most });
  }

  /** Keeps the item; its `id` makes it one and the same however often it is sent. Returns once it is stored. */
  async add(id, item) {
    await this.#edit((all) => [...all, { id, item }].slice(-this.most));
  }

  async clear() {
    await this.#edit(() => []);
  }

  /** Sends what there is. While one run is under way, asking again waits for the same. */
  flush() {
    this.#flushing ??= this.#run().finally(() => { this.#flushing = null; });
    return this.#flushing;
  }

  async #run() {
    clearTimeout(this.#timer);
    if (this.client.held > 0) return this.#later(this.client.held);
    for (;;) {
      const entries = (await this.#edit((all) => all)).slice(0, this.piece);
      if (!entries.length) return;
      try {
        await this.client.device.call((device) => this.send(device, entries.map(({ item }) => item)));
        this.#failures = 0;
      } catch (error) {
        if (!(error instanceof EdgeError)) throw error;
        if (error.kind !== "refused") {
          this.#failures += 1;
          const wait = waitAfter(this.#failures, error.retryAfter, this.client.random);
          if (error.kind === "busy") this.client.hold(wait);
          return this.#later(wait);
        }
        this.client.log("notTaken", { message: error.message, count: entries.length }); // it never will be
      }
      const gone = new Set(entries.map(({ id }) => id));
      await this.#edit((all) => all.filter(({ id }) => !gone.has(id)));
    }
  }

  #later(wait) {
    this.#timer = setTimeout(() => this.flush(), wait);
  }

  #edit(change) {
    const done = this.#last.then(async () => {
      const before = (await this.client.store.get("facts", this.name)) ?? [];
      const after = change(before);
      if (after !== before) await this.client.store.set(this.name, after);
      return after;
    });
    this.#last = done.catch(() => {}); // one failed write does not stop the next
    return done;
  }
}
