// City Ferry 1.0: the next boats of each line, and a ticket that stays on the phone.

import { departures, lines, piers } from "./timetable.js";
import { language, say, switchLanguage } from "./words.js";

const TICKET_MINUTES = 90;
const MOST_TICKETS = 5;
const tickets = restore();

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const clock = (date) => date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

function lineRow(line, now) {
  const [next, ...later] = departures(line, now, 3);
  const row = element("li", "line");
  row.append(element("b", "badge", line.id));

  const about = element("div", "about");
  about.append(element("strong", "", `${piers[line.from][language]} → ${piers[line.to][language]}`));
  about.append(element("small", "", `${say("takes")(line.takes)} · ¥${line.fare} · ${say("then")} ${later.map(clock).join(", ")}`));

  const when = element("div", "when");
  when.append(element("strong", "", clock(next)));
  when.append(element("small", "", say("in")(Math.floor((next - now) / 60000))));

  const buy = element("button", "buy", say("buy"));
  buy.type = "button";
  buy.addEventListener("click", () => purchase(line));
  row.append(about, when, buy);
  return row;
}

function ticketRow(ticket) {
  const line = lines.find((one) => one.id === ticket.line);
  const row = element("li", "ticket");
  row.append(element("b", "badge", line.id));
  const about = element("div", "about");
  about.append(element("strong", "", `${piers[line.from][language]} → ${piers[line.to][language]}`));
  about.append(element("small", "", say("valid")(clock(new Date(ticket.until)))));
  row.append(about, element("code", "", ticket.code));
  return row;
}

function purchase(line) {
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  const code = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();
  tickets.unshift({ line: line.id, code, until: Date.now() + TICKET_MINUTES * 60000 });
  tickets.splice(MOST_TICKETS);
  keep();
  draw();
}

// A preview may run in an origin that has no storage: then tickets live as long as the page.
function restore() {
  try {
    return JSON.parse(localStorage.getItem("tickets") ?? "[]").filter((ticket) => ticket.until > Date.now());
  } catch {
    return [];
  }
}

function keep() {
  try {
    localStorage.setItem("tickets", JSON.stringify(tickets));
  } catch {
    // see restore()
  }
}

function draw() {
  const now = new Date();
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  document.title = say("title");
  for (const place of document.querySelectorAll("[data-word]")) place.textContent = say(place.dataset.word);
  document.getElementById("language").textContent = say("other");
  document.getElementById("lines").replaceChildren(...lines.map((line) => lineRow(line, now)));
  const rows = tickets.length ? tickets.map(ticketRow) : [element("li", "none", say("none"))];
  document.getElementById("tickets").replaceChildren(...rows);
}

document.getElementById("language").addEventListener("click", () => {
  switchLanguage();
  draw();
});
draw();
setInterval(draw, 20000);
