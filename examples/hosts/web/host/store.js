// What the phone remembers: IndexedDB in the host's own origin, which no mini-program can reach.
//   facts     key → value: registration, token, check-in state, queues, keys that count, what is offered, directory, consent, inbox
//   programs  one record for each installed program: which package is current, which one came before, whether closed
//   packages  what was signed about a version's package, by its sha256, with its bytes when it came as a whole
//   parts     verified bytes of parts and plugins, by sha256

const STORES = ["facts", "programs", "packages", "parts"];

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Opens the phone's memory, making it at the first start. */
export async function openStore() {
  const request = indexedDB.open("ferry-host", 2);
  request.onupgradeneeded = () => {
    const known = request.result.objectStoreNames;
    for (const name of STORES) if (!known.contains(name)) request.result.createObjectStore(name);
  };
  return new Store(await done(request));
}

class Store {
  #database;

  constructor(database) {
    this.#database = database;
  }

  get(store, key) {
    return done(this.#database.transaction(store).objectStore(store).get(key));
  }

  all(store) {
    return done(this.#database.transaction(store).objectStore(store).getAll());
  }

  keys(store) {
    return done(this.#database.transaction(store).objectStore(store).getAllKeys());
  }

  /** Several changes, all or none: `write((put, remove) => …)`; `put(store, key, value)`, `remove(store, key)`. */
  write(change) {
    const transaction = this.#database.transaction(STORES, "readwrite", { durability: "strict" });
    change(
      (store, key, value) => transaction.objectStore(store).put(value, key),
      (store, key) => transaction.objectStore(store).delete(key),
    );
    return new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
  }

  set(key, value) {
    return this.write((put) => put("facts", key, value));
  }

  /** A queue among the facts; empty when nothing has been put into it. */
  async recall(queue) {
    return (await this.get("facts", queue)) ?? [];
  }

  async remember(queue, change) {
    await this.set(queue, change(await this.recall(queue)));
  }

  /** Forgets everything: the phone is new again. */
  clear() {
    const transaction = this.#database.transaction(STORES, "readwrite");
    for (const name of STORES) transaction.objectStore(name).clear();
    return new Promise((resolve) => { transaction.oncomplete = resolve; });
  }
}
