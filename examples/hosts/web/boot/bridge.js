// Runs before a mini-program's own code: `ferry.call("scan", {…})` asks the host, which looks at what was granted.

{
  const host = `${location.protocol}//${location.host.slice(location.host.indexOf(".") + 1)}`;
  const waiting = new Map();
  let last = 0;
  addEventListener("message", ({ source, origin, data }) => {
    if (source !== parent || origin !== host || data?.ferry !== "answer") return;
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.refusal) call?.reject(Object.assign(new Error(data.refusal.message), { code: data.refusal.code }));
    else call?.resolve(data.result);
  });
  const call = (capability, data = {}) => new Promise((resolve, reject) => {
    waiting.set(++last, { resolve, reject });
    parent.postMessage({ ferry: "call", id: last, capability, data }, host);
  });
  Object.defineProperty(window, "ferry", { value: Object.freeze({ call }) });
}
