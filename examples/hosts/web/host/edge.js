// The platform's edge as the phone sees it: some calls, bounded in time and size, and five ways to fail.

/**
 * What went wrong, in the words of the client rules:
 * "unreachable" no network, time-out or a broken answer · "server" 5xx · "busy" 429 or 503, `retryAfter` in seconds or
 * null · "token" 401 for
 * the device token · "refused" any other 4xx.
 */
export class EdgeError extends Error {
  constructor(kind, { status = 0, message = kind, retryAfter = null } = {}) {
    super(message);
    Object.assign(this, { kind, status, retryAfter });
  }
}

/** Retry-After as seconds from now: a number or an HTTP date; null when absent or unreadable. */
export function retryAfterSeconds(value, now = Date.now()) {
  if (!value) return null;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

function kindOf(status, code) {
  if (status === 401 && code !== "app_key_unknown") return "token";
  if (status === 429 || status === 503) return "busy";
  return status >= 500 ? "server" : "refused";
}

export class Edge {
  #url;
  #appKey;
  #patience;

  /** `answerMs` bounds the wait for an answer and for each piece of a body: a browser does not tell a connection apart
      from an answer, so the 5 s to connect and 10 s to read of the rules become one limit here. */
  constructor({ edge, app_key: appKey, answer_ms: answerMs }) {
    this.#url = edge;
    this.#appKey = appKey;
    this.#patience = answerMs;
  }

  /** With a device token the report is about that device, whatever its message id. */
  register(body, token) {
    return this.#json("POST", "/v1/devices", { body, token });
  }

  checkIn(token, body) {
    return this.#json("POST", "/v1/checkin", { body, token });
  }

  /** A code by which the mini-program's own server learns who uses it. */
  loginCode(token, program) {
    return this.#json("POST", "/v1/login/code", { body: { mini_program: program }, token });
  }

  directory(token, query) {
    return this.#json("GET", `/v1/miniapps?${new URLSearchParams(query)}`, { token });
  }

  /** Events in Segment's form; an answer means that they are on disk. */
  batch(token, body) {
    return this.#json("POST", "/v1/batch", { body, token });
  }

  acceptPrivacy(token, { program, version }) {
    return this.#json("POST", "/v1/privacy/accept", { body: { program, version }, token });
  }

  /** Where a short link of this app leads. */
  link(code) {
    return this.#json("GET", `/v1/links/${encodeURIComponent(code)}`);
  }

  receipts(token, receipts) {
    return this.#json("POST", "/v1/receipts", { body: { receipts }, token });
  }

  sync(token, since) {
    return this.#json("GET", `/v1/sync${since && `?since=${encodeURIComponent(since)}`}`, { token });
  }

  ticket(token) {
    return this.#json("POST", "/v1/stream/ticket", { body: {}, token });
  }

  /** The stream; an EventSource sends no headers, so a ticket stands in its address instead of the token. */
  stream(ticket, since) {
    const query = new URLSearchParams({ ticket, ...(since && { since }) });
    return new EventSource(`${this.#url}/v1/stream?${query}`);
  }

  freshness(hostApp) {
    return this.#json("GET", `/v1/freshness/${encodeURIComponent(hostApp)}`);
  }

  keys(hostApp) {
    return this.#json("GET", `/v1/keys/${encodeURIComponent(hostApp)}`);
  }

  /** As bytes: their hash has been signed. */
  offered(hostApp) {
    return this.#bytes(`${this.#url}/v1/offered/${encodeURIComponent(hostApp)}`, { most: 4_000_000 });
  }

  /** A package's or picture's bytes; refuses to read more than `most`. `progress` hears how many bytes are there. */
  download(url, most, progress) {
    return this.#bytes(new URL(url, this.#url).href, { most, progress });
  }

  async #json(method, path, { body, token } = {}) {
    const headers = { "X-App-Key": this.#appKey };
    if (body) headers["Content-Type"] = "application/json";
    if (token) headers.Authorization = `Device ${token}`;
    const request = { method, headers, body: body && JSON.stringify(body) };
    const text = new TextDecoder().decode(await this.#bytes(this.#url + path, { request, most: 4_000_000 }));
    try {
      return JSON.parse(text);
    } catch {
      throw new EdgeError("server", { message: "the answer is not JSON" });
    }
  }

  async #bytes(url, { request = {}, most, progress }) {
    const abort = new AbortController();
    let timer;
    const patience = () => {
      clearTimeout(timer);
      timer = setTimeout(() => abort.abort(), this.#patience);
    };
    try {
      patience();
      const answer = await fetch(url, { ...request, signal: abort.signal, cache: "no-store", credentials: "omit" });
      patience();
      if (!answer.ok) throw await failure(answer);
      const pieces = [];
      let size = 0;
      for (const reader = answer.body.getReader(); ;) {
        const { done, value } = await reader.read();
        if (done) return new Uint8Array(await new Blob(pieces).arrayBuffer());
        patience();
        size += value.length;
        if (size > most) throw new EdgeError("refused", { message: `more than ${most} bytes` });
        pieces.push(value);
        progress?.(size);
      }
    } catch (error) {
      if (error instanceof EdgeError) throw error;
      throw new EdgeError("unreachable", { message: abort.signal.aborted ? "timed out" : "no connection" });
    } finally {
      clearTimeout(timer);
      abort.abort(); // whatever still runs is of no use now
    }
  }
}

async function failure(answer) {
  const { error } = await answer.json().catch(() => ({}));
  return new EdgeError(kindOf(answer.status, error?.code), {
    status: answer.status,
    message: error?.message ?? `status ${answer.status}`,
    retryAfter: retryAfterSeconds(answer.headers.get("Retry-After")),
  });
}
