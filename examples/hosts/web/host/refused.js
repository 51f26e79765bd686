// What the phone must not run.

/** This package must not run; `reason` is size, hash, signature, terms, key or form. */
export class Refused extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}
