// Messages for this phone: a stream while there is one, a poll where there is none, each message once.

import { EdgeError } from "./edge.js";
import { Outbox } from "./outbox.js";
import { waitAfter } from "./waits.js";

const TICKET_MS = 50_000; // a ticket lives for 60 s; EventSource may use it again for so long
const MOST_SEEN = 500;
const OPENING_MS = 20_000; // an answer that has not begun by then never will: some proxies hold streams back

export class Pushes {
  state = "off"; // "stream", "poll" or "off"
  #outbox;
  #source = null;
  #failures = 0;
  #timer;
  #last = Promise.resolve(); // messages are taken one after the other

  /** `show(message)` hears each message once; `changed()` that the way they come is another one. */
  constructor({ client, edge, show, changed }) {
    Object.assign(this, { client, edge, show, changed });
    const send = (device, receipts) => edge.receipts(device.token, receipts);
    this.#outbox = new Outbox({ name: "receipts", client, send, piece: 100, most: 1000 });
  }

  /** Begins to listen; called again, it does so anew. */
  async start() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.#outbox.flush();
    if (this.client.held > 0) return this.#again(this.client.held);
    try {
      const { ticket } = await this.client.device.call(({ token }) => this.edge.ticket(token));
      this.#listen(ticket, (await this.#inbox()).cursor);
    } catch (error) {
      if (!(error instanceof EdgeError)) throw error;
      await this.#broken(error);
    }
  }

  /** What became of a message: "opened" or "dismissed". */
  async tell(message, event) {
    await this.#receipt(message, event);
    this.client.log(event === "opened" ? "pushOpened" : "pushDismissed", { title: message.title });
  }

  #listen(ticket, cursor) {
    this.#source?.close(); // one stream, whoever started it
    const source = this.edge.stream(ticket, cursor);
    this.#source = source;
    const begun = Date.now();
    const patience = setTimeout(() => broken(), OPENING_MS);
    const broken = () => {
      clearTimeout(patience);
      source.close();
      if (this.#source === source) this.#broken(new EdgeError("unreachable", { message: "the stream broke off" }));
    };
    source.onopen = () => {
      clearTimeout(patience);
      this.#failures = 0;
      this.#become("stream");
    };
    source.onmessage = ({ lastEventId, data }) => this.#take(lastEventId, data);
    source.onerror = () => {
      // While the ticket lives the browser comes back by itself, with Last-Event-ID.
      const returns = source.readyState === EventSource.CONNECTING && this.state === "stream";
      if (!returns || Date.now() - begun > TICKET_MS) broken();
    };
  }

  /** No stream: ask once, so that nothing waits for the next attempt, and try again later. */
  async #broken(error) {
    this.#failures += 1;
    let wait = waitAfter(this.#failures, error.retryAfter, this.client.random);
    if (error.kind === "busy") {
      this.client.hold(wait);
      return this.#again(wait);
    }
    try {
      wait = Math.max(wait, await this.#poll());
      this.#become("poll");
    } catch (failure) {
      if (!(failure instanceof EdgeError)) throw failure;
      if (failure.kind === "busy") {
        wait = waitAfter(this.#failures, failure.retryAfter, this.client.random);
        this.client.hold(wait);
      }
      this.#become("off");
    }
    this.#again(wait);
  }

  /** Everything that waits; how long it may take until the next poll, in ms, once streams have failed repeatedly. */
  async #poll() {
    for (;;) {
      const since = (await this.#inbox()).cursor;
      const answer = await this.client.device.call(({ token }) => this.edge.sync(token, since));
      for (const { cursor, message } of answer.items) await this.#take(cursor, JSON.stringify(message));
      if (answer.cursor !== since) await this.#take(answer.cursor, null);
      if (!answer.more) return this.#failures > 2 ? answer.next_sync_after * 1000 : 0;
    }
  }

  #again(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.start(), wait);
  }

  /** One entry: shown the first time, remembered together with the cursor and before the screen. */
  #take(cursor, data) {
    const done = this.#last.then(async () => {
      const message = data === null ? null : JSON.parse(data);
      const { seen } = await this.#inbox();
      const isNew = message !== null && !seen.includes(message.id);
      await this.client.store.set("inbox", { cursor, seen: isNew ? [...seen, message.id].slice(-MOST_SEEN) : seen });
      if (!isNew) return;
      await this.#receipt(message, "arrived");
      this.client.log("pushArrived", { title: message.title });
      if (!message.expires_at || message.expires_at > Date.now()) this.show(message);
    });
    this.#last = done.catch((error) => this.client.log("notTaken", { message: String(error), count: 1 }));
    return done;
  }

  async #receipt({ id, message }, event) {
    const messageId = `${event}-${id}`.slice(0, 64); // the same again counts once
    await this.#outbox.add(messageId, { message_id: messageId, message, event });
    this.#outbox.flush();
  }

  async #inbox() {
    return (await this.client.store.get("facts", "inbox")) ?? { cursor: "", seen: [] };
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.client.log(`push_${state}`, {});
    this.changed();
  }
}
