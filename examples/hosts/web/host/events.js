// What happens in the host, as events in Segment's form. Without the person's yes nothing is even written down.

import { Outbox } from "./outbox.js";

const LONGEST_TEXT = 300;

export class Events {
  #outbox;

  constructor({ client, edge, config }) {
    Object.assign(this, { client, config });
    const send = async (device, batch) => {
      const consent = await client.device.consent();
      if (!consent?.analytics) return; // taken back while this was on its way: the queue forgets it
      await edge.batch(device.token, {
        sentAt: new Date().toISOString(),
        context: {
          platform: "web", app: { version: config.host_version }, device: { id: device.device },
          os: { name: navigator.userAgentData?.platform ?? "" }, consent,
        },
        batch: batch.map((event) => ({ ...event, anonymousId: device.device })),
      });
      client.log("eventsSent", { count: batch.length });
    };
    this.#outbox = new Outbox({ name: "events", client, send, piece: 50, most: 1000 });
  }

  /** A mini-program was opened; `from` says by what: home, push, link or scan. */
  opened(statement, from) {
    return this.#track("$open", { from }, statement);
  }

  /** A mini-program threw an error. Whatever the program says is text, and no more than so much of it. */
  failed(statement, { message, source, line }) {
    const text = (value) => String(value ?? "").slice(0, LONGEST_TEXT);
    return this.#track("$error", { message: text(message), page: text(source), line: Number(line) || 0 }, statement);
  }

  flush() {
    return this.#outbox.flush();
  }

  /** The person took the consent back: what has not been sent never is. */
  clear() {
    return this.#outbox.clear();
  }

  async #track(event, properties, { program, version_code: version }) {
    if (!(await this.client.device.consent())?.analytics) return;
    const messageId = crypto.randomUUID();
    await this.#outbox.add(messageId, {
      type: "track", event, messageId, originalTimestamp: new Date().toISOString(), properties,
      context: { mini_program: { id: program, version } },
    });
    await this.flush();
  }
}
