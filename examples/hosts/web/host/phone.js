// The phone's screen: the home grid, and the mini-program that is open.

import { answer } from "./bridge.js";
import { run } from "./frame.js";
import { language, words } from "./words.js";

const $ = (id) => document.getElementById(id);

export function element(tag, className, ...inside) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...inside);
  return made;
}

export class Phone {
  #client;
  #catalogue;
  #open = null; // {id, from, page}; with package, reach and origin once it runs
  #progress = new Map();
  #events;
  #privacy;

  constructor(client, catalogue, events, privacy) {
    this.#events = events;
    this.#privacy = privacy;
    this.#client = client;
    this.#catalogue = catalogue;
    $("back").addEventListener("click", () => this.close());
    $("close").addEventListener("click", () => this.close());
    $("news-close").addEventListener("click", () => { $("news").hidden = true; });
    $("part").addEventListener("click", () => { $("part").hidden = true; });
    $("reopen").addEventListener("click", () => this.open(this.#open.id));
    $("details").addEventListener("click", () => this.#details());
  }

  /** Something about a program changed; `progress` (0 to 1) while it downloads. */
  changed(id, progress) {
    if (progress !== undefined && progress < 1) this.#progress.set(id, progress);
    else this.#progress.delete(id);
    this.draw();
    if (this.#open) this.#followOpen();
  }

  /** The open program follows its operator: closed and taken back at once, a new version when the user likes, or when
      its release says so. */
  #followOpen() {
    const program = this.#client.programs.get(this.#open.id);
    if (this.#open.waiting && program) {
      const { id, from, page } = this.#open;
      this.open(id, from, page);
      return;
    }
    const running = this.#open.package?.statement.version_code;
    if (!running || program?.code === undefined) return;
    const reach = reachOf(this.#client.terms.known(program.id, running));
    if (program.closed !== null) this.#notice(words().closedTitle, program.closed);
    else if (reach !== this.#open.reach) this.open(program.id); // what it may reach or borrow has changed
    else if (program.code < running || (program.atOnce && program.code !== running)) this.open(program.id);
    else $("offer").hidden = program.code === running;
  }

  async open(id, from = "home", page = {}) {
    this.#privacy.dismiss();
    const mine = this.#open = { id, from, page };
    $("home").hidden = true;
    $("program").hidden = false;
    $("sheet").hidden = true;
    for (const other of ["offer", "part"]) $(other).hidden = true;
    $("program-name").textContent = this.#catalogue.name(id);
    $("stage").replaceChildren(element("p", "loading", words().loading));
    let found = await this.#client.open(id, page.path);
    if (!found) {
      await this.#client.want(id, page.path);
      found = await this.#client.open(id, page.path);
    }
    if (this.#open?.id !== id) return; // the user went back meanwhile
    if (!found || found.missing) {
      this.#notice(words().missingTitle, found ? words().partMissing : words().missing);
      this.#open.waiting = true;
      return;
    }
    if (found.closed !== undefined) return this.#notice(words().closedTitle, found.closed);
    const { statement } = found.package;
    const client = this.#client;
    const [program, code] = [statement.program, statement.version_code];
    const terms = await client.terms.of(program, code);
    const { domains, privacy } = terms;
    if (this.#open?.id !== id) return;
    const agreed = await this.#privacy.passes(id, privacy);
    if (this.#open !== mine) return; // closed, or opened anew, while the person was reading
    if (!agreed) return this.close();
    Object.assign(mine, { package: found.package, reach: reachOf(terms) });
    const asked = (capability) => answer({ capability, client, program, code });
    const failed = (reason) => this.#notice(words().missingTitle, reason);
    const erred = (error) => this.#events.failed(statement, error);
    const more = (path) => this.#more(found.opening, mine, path);
    const entered = (path, route) => this.#preload(found.opening, mine, path, route);
    const frame = await run({ ...found, domains, language: language === "zh" ? "zh-CN" : "en", place: $("stage"), failed, erred, asked, more, entered, page });
    mine.origin = new URL(frame.src).origin;
    const news = await client.programs.tellNews(id);
    $("news").hidden = !news;
    $("news-text").textContent = news;
    this.#events.opened(statement, from);
    this.draw();
  }

  /** The files of a path that the program does not have yet, and what the person sees meanwhile. */
  async #more(opening, mine, path) {
    const tell = (text) => { // only of the program on the screen
      if (this.#open !== mine) return;
      $("part").hidden = !text;
      $("part").textContent = text;
    };
    try {
      const files = await opening.more(path, (done) => tell(words().partComing(Math.floor(done * 100))));
      tell("");
      return files ? { files, said: "there" } : { said: "none" };
    } catch (error) {
      await this.#missing(mine, error);
      tell(words().partMissing);
      return { said: "later" };
    }
  }

  /** What is fetched ahead and cannot be is fetched when it is asked for. */
  async #preload(opening, mine, path, route) {
    try {
      await opening.preload(path, route);
    } catch (error) {
      await this.#missing(mine, error);
    }
  }

  #missing({ id, package: about }, error) {
    return this.#client.programs.missing(id, about?.statement.version_code, error);
  }

  close() {
    this.#open = null;
    this.#privacy.dismiss();
    for (const id of ["news", "part"]) $(id).hidden = true;
    $("stage").replaceChildren();
    $("program").hidden = true;
    $("home").hidden = false;
  }

  #notice(title, text) {
    if (this.#open) this.#open.package = null;
    for (const id of ["offer", "sheet", "news", "part"]) $(id).hidden = true;
    const back = element("button", "", words().back);
    back.addEventListener("click", () => this.close());
    $("stage").replaceChildren(element("div", "notice", element("strong", "", title), element("p", "", text), back));
  }

  async #details() {
    const { id, package: about, origin } = this.#open;
    $("sheet").hidden = !$("sheet").hidden || !about;
    if ($("sheet").hidden) return;
    const { statement, signature, name } = about;
    const { capabilities, domains } = this.#client.terms.known(id, statement.version_code);
    const granted = [...capabilities, ...new Set(Object.values(domains).flat())];
    const parts = await this.#client.programs.parts(id);
    const names = words().sheet;
    const facts = { program: id, code: `${statement.version_code} (${name})`, size: statement.size, sha256: statement.sha256, kid: signature.kid, origin, granted: granted.join(", ") || words().nothing };
    if (parts) facts.parts = parts.map((part) => `${part.name}\u00a0${part.here ? "✓" : "–"}`).join(words().comma);
    $("sheet").replaceChildren(...Object.entries(facts).flatMap(([key, value]) =>
      [element("dt", "", names[key]), element("dd", "", String(value))]));
  }

  draw() {
    let shelf = "";
    const tiles = this.#catalogue.list(this.#client.programs).flatMap((one) => {
      const name = this.#catalogue.shelf(one.category, language);
      const heading = name && name !== shelf ? [element("li", "shelf", name)] : [];
      shelf = name || shelf;
      return [...heading, this.#tile(one)];
    });
    $("grid").replaceChildren(...(tiles.length ? tiles : [element("li", "empty", words().empty)]));
    $("signal").className = this.#client.online === false ? "off" : "";
  }

  #tile({ id, name, description, icon }) {
    const program = this.#client.programs.get(id);
    const progress = this.#progress.get(id);
    const picture = icon ? element("img", "") : element("b", "", name.slice(0, 1));
    if (icon) Object.assign(picture, { src: icon, alt: "" });
    let badge = element("em", "get", words().install);
    if (program) badge = element("em", "", program.name);
    if (typeof program?.closed === "string") badge = element("em", "shut", words().closedBadge);
    if (progress !== undefined) badge = element("em", "busy", words().downloading(Math.floor(progress * 100)));
    const button = element("button", "tile", picture, element("span", "", element("strong", "", name), element("small", "", description)), badge);
    button.type = "button";
    button.dataset.program = id;
    button.addEventListener("click", () => this.open(id));
    return element("li", "", button);
  }
}

/** What of its terms a running program cannot be given without opening it anew, as one text. */
function reachOf({ domains, plugins = [] }) {
  return JSON.stringify([domains, plugins]);
}
