// The privacy agreement of a mini-program: shown before it opens, once for each version, and told to the platform.

import { Outbox } from "./outbox.js";
import { language } from "./words.js";

const $ = (id) => document.getElementById(id);

/** The text of the person's language, else of any. */
function spoken(texts = {}) {
  return texts[language === "zh" ? "zh-Hans" : "en"] ?? Object.values(texts)[0] ?? "";
}

export class PrivacySheet {
  #client;
  #outbox;
  #answer = null; // of the person whose agreement is on the screen

  constructor({ client, edge }) {
    this.#client = client;
    const send = async (device, batch) => {
      for (const accepted of batch) await edge.acceptPrivacy(device.token, accepted);
      client.log("privacyTold", { count: batch.length });
    };
    this.#outbox = new Outbox({ name: "privacy", client, send, piece: 1, most: 100 });
    $("agree").addEventListener("click", () => this.#close(true));
    $("disagree").addEventListener("click", () => this.#close(false));
  }

  /** Whether the program may open: nothing to accept, accepted before, or accepted now. */
  async passes(program, agreement) {
    const key = `privacy:${program}`;
    if (!agreement || ((await this.#client.store.get("facts", key)) ?? 0) >= agreement.version) return true;
    this.#close(false);
    $("agreement-text").textContent = spoken(agreement.text);
    const url = spoken(agreement.url);
    $("agreement-link").hidden = !url.startsWith("https://");
    if (!$("agreement-link").hidden) $("agreement-link").href = url;
    $("agreement").hidden = false;
    const agreed = await new Promise((answer) => { this.#answer = answer; });
    if (!agreed) return false;
    await this.#client.store.set(key, agreement.version);
    this.#client.log("privacyAccepted", { program, version: agreement.version });
    await this.#outbox.add(`${program}@${agreement.version}`, { program, version: agreement.version });
    this.flush();
    return true;
  }

  /** Away with it, when the person leaves the program. */
  dismiss() {
    this.#close(false);
  }

  flush() {
    return this.#outbox.flush();
  }

  #close(agreed) {
    $("agreement").hidden = true;
    this.#answer?.(agreed);
    this.#answer = null;
  }
}
