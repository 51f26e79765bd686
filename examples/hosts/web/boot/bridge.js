// Runs before a mini-program's own code: `ferry.call("scan", {…})` asks the host, which looks at what was granted. It also
// tells the host which page is open, and asks it for files that the service worker does not have yet.

{
  const host = `${location.protocol}//${location.host.slice(location.host.indexOf(".") + 1)}`;
  const waiting = new Map();
  let last = 0;
  const ask = (message) => new Promise((resolve) => {
    waiting.set(++last, resolve);
    parent.postMessage({ ...message, id: last }, host);
  });
  addEventListener("message", ({ source, origin, data }) => {
    if (source !== parent || origin !== host || data?.ferry !== "answer") return;
    waiting.get(data.id)?.(data);
    waiting.delete(data.id);
  });
  const call = async (capability, data = {}) => {
    const { result, refusal } = await ask({ ferry: "call", capability, data });
    if (refusal) throw Object.assign(new Error(refusal.message), { code: refusal.code });
    return result;
  };
  Object.defineProperty(window, "ferry", { value: Object.freeze({ call }) });

  const store = async (files) => {
    const cache = await caches.open("package");
    await Promise.all(files.map(({ path, type, bytes }) =>
      cache.put(`/${encodeURI(path)}`, new Response(bytes, { headers: { "Content-Type": type } }))));
  };
  const enter = () => parent.postMessage({ ferry: "page", path: location.pathname, route: location.hash }, host);
  if (parent === top) { // not in a frame that the program made: only our parent is the host
    navigator.serviceWorker.addEventListener("message", async ({ data, ports }) => {
      if (data?.ferry !== "need") return;
      const { files, said } = await ask({ ferry: "need", path: data.path });
      if (files) await store(files);
      ports[0].postMessage(said);
    });
    navigator.serviceWorker.startMessages();
    addEventListener("hashchange", enter);
    enter();
  }
}
