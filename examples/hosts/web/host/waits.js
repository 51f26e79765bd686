// How long to wait after a failure; the same for check-ins, events, receipts and the stream.

const FIRST_WAIT = 1000; // after a failure without Retry-After: 1 s, doubled each time …
const LONGEST_WAIT = 15 * 60 * 1000; // … to 15 minutes

/** How long to wait after the nth failure in a row, in ms. Jitter keeps a million phones from coming back as one. */
export function waitAfter(failures, retryAfter, random) {
  if (retryAfter !== null) return retryAfter * 1000 + random() * 1000;
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - 1)) * (0.5 + random() / 2);
}
