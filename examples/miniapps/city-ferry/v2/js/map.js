// The harbour map: routes, piers, and the boats moving along them by the timetable.

import { lines, piers, underWay } from "./timetable.js";
import { language, say } from "./words.js";

const routes = new Map();

function shape(tag, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function curve(line) {
  const [a, b] = [piers[line.from], piers[line.to]];
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  const x = (a.x + b.x) / 2 - ((b.y - a.y) / length) * line.bend * 2;
  const y = (a.y + b.y) / 2 + ((b.x - a.x) / length) * line.bend * 2;
  return `M${a.x} ${a.y}Q${x} ${y} ${b.x} ${b.y}`;
}

/** Draws what stands still; `chosen` is the line to bring out. */
export function drawMap(chosen) {
  routes.clear();
  for (const line of lines) {
    const chosenClass = line === chosen ? " chosen" : "";
    routes.set(line.id, shape("path", { d: curve(line), class: `route ${line.id}${chosenClass}` }));
  }
  document.getElementById("routes").replaceChildren(...routes.values());
  const marks = Object.values(piers).flatMap((pier) => [
    shape("circle", { cx: pier.x, cy: pier.y, r: 5, class: "pier" }),
    shape("text", { x: pier.x, y: pier.y + (pier.y > 150 ? 20 : -11), class: "name" }, pier[language]),
  ]);
  document.getElementById("piers").replaceChildren(...marks);
  drawBoats();
}

/** Puts each boat where the timetable says it is at this moment. */
export function drawBoats() {
  const now = new Date();
  const boats = lines.flatMap((line) => {
    const route = routes.get(line.id);
    return underWay(line, now).map(({ done, back }) => {
      const { x, y } = route.getPointAtLength(done * route.getTotalLength());
      const ahead = route.getPointAtLength(Math.min(1, done + 0.01) * route.getTotalLength());
      const faces = (ahead.x < x) !== back ? -1 : 1;
      const boat = shape("g", { class: `boat ${line.id}`, transform: `translate(${x} ${y}) scale(${faces} 1)` });
      boat.append(shape("path", { d: "M-9 0h18l-4 6H-6zM-5-1v-5h8l2 5z" }));
      return boat;
    });
  });
  document.getElementById("boats").replaceChildren(...boats);
  document.getElementById("afloat").textContent = say("afloat")(boats.length);
}
