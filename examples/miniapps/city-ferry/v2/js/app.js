// City Ferry 2.0: the harbour live, one line at a time, tickets like boarding cards.

import { drawBoats, drawMap } from "./map.js";
import { flag, issue, validTickets } from "./tickets.js";
import { departures, lines, piers } from "./timetable.js";
import { language, say, switchLanguage } from "./words.js";

let chosen = lines[0];

function element(tag, className, ...inside) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...inside);
  return made;
}

const clock = (date) => date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
const route = (line) => [piers[line.from][language], piers[line.to][language]];

function button(className, text, act) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", () => {
    act();
    draw();
  });
  return made;
}

function tab(line) {
  const made = button(`tab ${line.id}`, line.id, () => { chosen = line; });
  made.setAttribute("aria-pressed", String(line === chosen));
  made.setAttribute("aria-label", `${line.id}: ${route(line).join(" → ")}`);
  return made;
}

function lineCard(line, now) {
  const [next, ...later] = departures(line, now, 4);
  const [from, to] = route(line);
  const head = element("div", "way", element("strong", "", from), element("i", ""), element("strong", "", to));
  const minutes = Math.floor((next - now) / 60000);
  const tag = line.id.startsWith("N") ? `${say("night")} · ` : "";
  const big = element("div", "next", element("b", "", clock(next)),
    element("span", "", say("in")(minutes), element("small", "", tag + say("takes")(line.takes))));
  const times = element("p", "later", element("small", "", say("later")), ...later.map((one) => element("span", "", clock(one))));
  return [head, big, times, button("buy", say("buy")(line.fare), () => issue(line))];
}

function ticketCard(ticket) {
  const line = lines.find((one) => one.id === ticket.line) ?? lines[0];
  const about = element("div", "about", element("small", "", line.id), element("strong", "", route(line).join(" → ")),
    element("small", "", say("valid")(clock(new Date(ticket.until)))));
  return element("li", `ticket ${line.id}`, about, flag(ticket.code));
}

function draw() {
  const now = new Date();
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  document.body.classList.toggle("night", now.getHours() < 6 || now.getHours() >= 19);
  for (const place of document.querySelectorAll("[data-word]")) place.textContent = say(place.dataset.word);
  document.getElementById("choose").setAttribute("aria-label", say("lines"));
  document.getElementById("greeting").textContent = say("greeting")(now.getHours());
  document.getElementById("language").textContent = say("other");
  document.getElementById("choose").replaceChildren(...lines.map(tab));
  const card = document.getElementById("line");
  card.className = `card ${chosen.id}`;
  card.replaceChildren(...lineCard(chosen, now));
  const cards = validTickets().map(ticketCard);
  document.getElementById("tickets").replaceChildren(...(cards.length ? cards : [element("li", "none", say("none"))]));
  drawMap(chosen);
}

document.getElementById("language").addEventListener("click", () => {
  switchLanguage();
  draw();
});
draw();
setInterval(drawBoats, 1000);
setInterval(draw, 20000);
