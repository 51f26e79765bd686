// The tickets on this phone, newest first, and the picture that a gate would scan.

const TICKET_MINUTES = 90;
const MOST_TICKETS = 5;
const tickets = restore();

/** The tickets that are still valid. */
export const validTickets = () => tickets.filter((ticket) => ticket.until > Date.now());

/** Adds a ticket for a line; it holds for 90 minutes. */
export function issue(line) {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  const code = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();
  tickets.unshift({ line: line.id, code, until: Date.now() + TICKET_MINUTES * 60000 });
  tickets.splice(MOST_TICKETS);
  try {
    localStorage.setItem("tickets", JSON.stringify(tickets));
  } catch {
    // A preview may run in an origin that has no storage: then tickets live as long as the page.
  }
}

function restore() {
  try {
    return JSON.parse(localStorage.getItem("tickets") ?? "[]");
  } catch {
    return [];
  }
}

/** A mosaic of 8 by 8 fields, mirrored like a signal flag, drawn from the ticket's code. */
export function flag(code) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 8 8");
  svg.setAttribute("class", "flag");
  svg.setAttribute("aria-hidden", "true");
  let d = "";
  for (let row = 0; row < 8; row += 1) {
    const byte = parseInt(code.slice(row * 2, row * 2 + 2), 16);
    for (let column = 0; column < 4; column += 1) {
      if (byte & (1 << column)) d += `M${column} ${row}h1v1h-1zM${7 - column} ${row}h1v1h-1z`;
    }
  }
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", d);
  svg.append(path);
  return svg;
}
