// The harbour of an invented city: piers, lines, when the next boat leaves and where each boat is now.
// Pure: the caller gives the time, so that a test or a screenshot can choose it.

// x and y are places on the map, whose width is 360 and height 230.
export const piers = {
  oldTown: { en: "Old Town Pier", zh: "老城码头", x: 96, y: 66 },
  lighthouse: { en: "Lighthouse Point", zh: "灯塔角", x: 268, y: 66 },
  orchard: { en: "Orchard Island", zh: "果园岛", x: 262, y: 156 },
  shipyard: { en: "Shipyard Quay", zh: "船厂码头", x: 116, y: 166 },
};

// first and last are minutes after midnight (past 1440 is the next day), every and takes are minutes, fare is in
// yuan, bend is how far the route curves from the straight line.
export const lines = [
  { id: "F1", from: "oldTown", to: "lighthouse", first: 370, last: 1360, every: 15, takes: 12, fare: 2, bend: 16 },
  { id: "F2", from: "oldTown", to: "orchard", first: 400, last: 1260, every: 30, takes: 25, fare: 5, bend: 12 },
  { id: "F3", from: "lighthouse", to: "shipyard", first: 385, last: 1300, every: 20, takes: 18, fare: 3, bend: -22 },
  { id: "N1", from: "shipyard", to: "oldTown", first: 1320, last: 1750, every: 40, takes: 22, fare: 6, bend: -14 },
];

const MINUTE = 60000;

function startOfDay(now, days) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days).getTime();
}

/** The next `count` departures of a line at or after `now`, as Dates; after the last boat, those of tomorrow. */
export function departures(line, now, count) {
  const found = [];
  for (let day = -1; found.length < count && day < 2; day += 1) {
    for (let minute = line.first; minute <= line.last && found.length < count; minute += line.every) {
      const leaves = startOfDay(now, day) + minute * MINUTE;
      if (leaves >= now) found.push(new Date(leaves));
    }
  }
  return found;
}

/** The boats of a line under way at `now`: how much of the crossing is done (0 to 1) and whether it is the way back. */
export function underWay(line, now) {
  const boats = [];
  for (const back of [false, true]) {
    const offset = back ? line.takes + 2 : 0; // a boat turns round two minutes after it lands
    for (const day of [-1, 0]) {
      for (let minute = line.first; minute <= line.last; minute += line.every) {
        const leaves = startOfDay(now, day) + (minute + offset) * MINUTE;
        const done = (now - leaves) / (line.takes * MINUTE);
        if (done >= 0 && done <= 1) boats.push({ done: back ? 1 - done : done, back });
      }
    }
  }
  return boats;
}
