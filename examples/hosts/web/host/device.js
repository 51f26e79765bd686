// Who this phone is to the platform: registered once, with a token for each call, and what its user has agreed to.

import { deviceFacts } from "./facts.js";

export class Device {
  #store;
  #edge;
  #config;
  #log;
  #registering = null;
  #refused = null; // the device token that the edge did not take

  constructor({ store, edge, config, log }) {
    this.#store = store;
    this.#edge = edge;
    this.#config = config;
    this.#log = log;
  }

  /** What the person has agreed to; undefined while nobody has answered. */
  consent() {
    return this.#store.get("facts", "consent");
  }

  /** Keeps the person's choice; it is told with the registration, or by a report of its own after it. */
  async decide(choice) {
    const consent = { ...choice, policy_version: this.#config.policy_version, at: Date.now() };
    await this.#store.write((put) => {
      put("facts", "consent", consent);
      put("facts", "report", crypto.randomUUID()); // stays until it has arrived
    });
    this.#log("decided", consent);
  }

  /** Calls with the device's id and token; one refused token is thrown away and the phone registers once more, not twice. */
  async call(act) {
    for (let again = false; ; again = true) {
      const used = {};
      try {
        Object.assign(used, await this.#known());
        return await act(used);
      } catch (error) {
        if (error.kind !== "token" || again) throw error;
        if (used.token) this.#refused = used.token;
        this.#log("token", {});
      }
    }
  }

  /** The device's id and token; whoever asks meanwhile waits for the same registration. */
  #known() {
    this.#registering ??= this.#registered().finally(() => { this.#registering = null; });
    return this.#registering;
  }

  async #registered() {
    let known = await this.#store.get("facts", "device");
    if (!known || known.token === this.#refused) {
      // Made and kept before the first attempt: however often this is sent, it is one and the same device.
      const message = (await this.#store.get("facts", "registration")) ?? (this.#config.phone || crypto.randomUUID());
      await this.#store.set("registration", message);
      known = await this.#register(message);
      this.#log("registered", { device: known.device });
    }
    const report = await this.#store.get("facts", "report");
    if (!report) return known;
    known = await this.#register(report, known.token);
    if ((await this.#store.get("facts", "report")) === report) await this.#store.write((_, remove) => remove("facts", "report"));
    this.#log("consentTold", {});
    return known;
  }

  /** One report about this phone and what its user agreed to; with a token it is about the device that it has. */
  async #register(message, token) {
    const consent = await this.consent();
    try {
      const body = { message_id: message, ...deviceFacts(this.#config), ...(consent && { consent }) };
      const answer = await this.#edge.register(body, token);
      const device = { device: answer.device.id, token: answer.token };
      await this.#store.set("device", device);
      return device;
    } catch (error) {
      if (error.kind === "token") this.#refused = token;
      throw error;
    }
  }
}
