// What the phone must not run.

/** This package must not run; `reason` is size, hash, signature, terms, key or form. `fetched`: what came is wrong, and
    nothing that is on the phone. */
export class Refused extends Error {
  constructor(reason, { fetched = false } = {}) {
    super(reason);
    Object.assign(this, { reason, fetched });
  }
}
