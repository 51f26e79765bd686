// What the home grid shows: the directory that the platform gives this phone, kept for when there is no platform.

import { EdgeError } from "./edge.js";
import { sha256 } from "./verify.js";

const MOST_ICON_BYTES = 500_000;

export class Catalogue {
  #entries = [];
  #shelves = []; // categories in their order, as the platform gives them
  #icons = new Map(); // program id → object URL
  #store;
  #edge;

  constructor({ store, edge }) {
    this.#store = store;
    this.#edge = edge;
  }

  /** What was known last time. */
  async start() {
    this.#entries = (await this.#store.get("facts", "directory")) ?? [];
    this.#shelves = (await this.#store.get("facts", "shelves")) ?? [];
    await this.#show();
  }

  /** Asks for the directory; a platform that does not answer leaves the old one standing. */
  async refresh(config) {
    const known = await this.#store.get("facts", "device");
    if (!known) return;
    try {
      const about = { platform: "web", host_version: config.host_version, device: known.device };
      const trials = (await this.#store.get("facts", "trials")) ?? [];
      const query = [...Object.entries(about), ...trials.map(({ token }) => ["trial", token])];
      const { miniapps, categories } = await this.#edge.directory(known.token, query);
      const entries = await Promise.all(miniapps.map(async ({ id, name, description, category, icons }) =>
        ({ id, name, description, category, picture: await this.#picture(id, icons) })));
      this.#entries = entries;
      this.#shelves = categories ?? [];
      await this.#store.set("directory", entries);
      await this.#store.set("shelves", this.#shelves);
      await this.#show();
    } catch (error) {
      if (!(error instanceof EdgeError)) throw error;
    }
  }

  name(id) {
    return this.#entries.find((entry) => entry.id === id)?.name ?? id;
  }

  /** What a category is called in this language; "" for one that the platform does not list. */
  shelf(category, language) {
    const names = this.#shelves.find((shelf) => shelf.id === category)?.name ?? {};
    return names[language === "zh" ? "zh-Hans" : "en"] ?? Object.values(names)[0] ?? "";
  }

  /** One entry for each program offered or installed. */
  list(programs) {
    const extra = [...programs.keys()].filter((id) => !this.#entries.some((entry) => entry.id === id));
    const all = [...this.#entries, ...extra.map((id) => ({ id, name: id, description: "" }))];
    return all.map((entry) => ({ ...entry, icon: this.#icons.get(entry.id) }));
  }

  /** The icon's bytes, kept with their hash: the same icon is fetched once. */
  async #picture(id, icons) {
    const url = icons["192"];
    const hash = url?.match(/[0-9a-f]{64}/)?.[0]; // an icon's address holds its SHA-256
    const old = this.#entries.find((entry) => entry.id === id)?.picture;
    if (!hash || old?.hash === hash) return old;
    const bytes = await this.#edge.download(url, MOST_ICON_BYTES);
    return (await sha256(bytes)) === hash ? { hash, bytes } : old;
  }

  async #show() {
    for (const url of this.#icons.values()) URL.revokeObjectURL(url);
    this.#icons.clear();
    for (const { id, picture } of this.#entries) {
      if (picture) this.#icons.set(id, URL.createObjectURL(new Blob([picture.bytes], { type: "image/png" })));
    }
  }
}
