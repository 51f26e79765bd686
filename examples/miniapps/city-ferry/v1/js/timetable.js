// The harbour of an invented city: piers, lines, and when the next boat leaves.
// Pure: the caller gives the time, so that a test or a screenshot can choose it.

export const piers = {
  oldTown: { en: "Old Town Pier", zh: "老城码头" },
  lighthouse: { en: "Lighthouse Point", zh: "灯塔角" },
  orchard: { en: "Orchard Island", zh: "果园岛" },
  shipyard: { en: "Shipyard Quay", zh: "船厂码头" },
};

// first and last are minutes after midnight, every and takes are minutes, fare is in yuan.
export const lines = [
  { id: "F1", from: "oldTown", to: "lighthouse", first: 370, last: 1360, every: 15, takes: 12, fare: 2 },
  { id: "F2", from: "oldTown", to: "orchard", first: 400, last: 1260, every: 30, takes: 25, fare: 5 },
  { id: "F3", from: "lighthouse", to: "shipyard", first: 385, last: 1300, every: 20, takes: 18, fare: 3 },
];

/** The next `count` departures of a line at or after `now`, as Dates; after the last boat, those of tomorrow. */
export function departures(line, now, count) {
  const found = [];
  for (let day = 0; found.length < count && day < 2; day += 1) {
    for (let minute = line.first; minute <= line.last && found.length < count; minute += line.every) {
      const leaves = new Date(now.getFullYear(), now.getMonth(), now.getDate() + day, 0, minute);
      if (leaves >= now) found.push(leaves);
    }
  }
  return found;
}
