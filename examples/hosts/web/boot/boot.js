// The first page in a mini-program's origin: takes the verified files from the host and starts the program.
// Only the host page that frames us may speak: its origin is ours without the first label.

const host = `${location.protocol}//${location.host.slice(location.host.indexOf(".") + 1)}`;

async function receive(event) {
  if (event.source !== parent || event.origin !== host || event.data?.ferry !== "files") return;
  removeEventListener("message", receive);
  const { entry, query, files, rules } = event.data;
  // Written anew at each opening: what a program may have done to its own copy last time never runs again.
  await caches.delete("package");
  const cache = await caches.open("package");
  await (await caches.open("rules")).put("/rules", new Response(rules)); // our name tells whether they are ours
  await Promise.all(files.map(({ path, type, bytes }) =>
    cache.put(`/${encodeURI(path)}`, new Response(bytes, { headers: { "Content-Type": type } }))));
  location.replace(`/${encodeURI(entry)}?${query}`);
}

async function start() {
  addEventListener("message", receive);
  await navigator.serviceWorker.register("/.ferry/sw.js", { scope: "/", updateViaCache: "none" });
  await navigator.serviceWorker.ready;
  parent.postMessage({ ferry: "boot" }, host);
}

if (parent !== window) start().catch((error) => parent.postMessage({ ferry: "failed", reason: String(error) }, host));
