// Serves the files of one mini-program version inside its own origin, and lets out what it was granted.
// The headers are set here, not in the cache: the program can write to its cache, but not change this script. The granted
// domains lie in a cache too, so they count only when they are those that this origin is named after (host/frame.js).

const PATIENCE_MS = 60_000; // with the host, which has a patience of its own with the platform
const NOTHING = { request: [], webview: [], upload: [], download: [] };
let granted = null;

async function domains() {
  if (granted) return granted;
  const text = await (await (await caches.open("rules")).match("/rules"))?.text();
  if (text === undefined) return NOTHING;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  const name = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("").slice(0, 32);
  if (name !== location.hostname.split(".")[0].split("-")[1]) return NOTHING;
  return (granted = JSON.parse(text).domains);
}

const reached = ({ request, upload, download }) => [...new Set([...request, ...upload, ...download])];
const sources = (names) => names.map((name) => ` https://${name}`).join("");

const policy = (granted) => [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline'", // inline code is as trusted as the package that holds it
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "media-src 'self' blob:",
  `connect-src 'self'${sources(reached(granted))}`, // a browser cannot tell requests, uploads and downloads apart
  `frame-src 'self'${sources(granted.webview)}`,
  "form-action 'self'",
  "base-uri 'none'",
].join("; ");

/** Whether one of these domains covers the address; a star stands for any labels, not for none. */
function covers(names, { protocol, port, hostname }) {
  if (protocol !== "https:" || port !== "") return false;
  return names.some((name) => (name.startsWith("*.") ? hostname.endsWith(name.slice(1)) : hostname === name));
}

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== location.origin) {
    // What is let by goes out under the page's own policy; before the first page there is nobody to let out.
    if (!covers(reached(granted ?? NOTHING), url)) event.respondWith(Response.error());
    return;
  }
  const ours = url.pathname.startsWith("/.ferry/") && !url.pathname.startsWith("/.ferry/plugin/");
  if (!ours) event.respondWith(answer(url.pathname.replace(/\/$/, "/index.html"), event.request.mode === "navigate"));
});

async function answer(path, leaving) {
  const cache = await caches.open("package");
  let found = await cache.match(path);
  const said = found ? "there" : await need(path);
  if (said === "there") found ??= await cache.match(path);
  const type = found?.headers.get("Content-Type") ?? "text/plain";
  const headers = {
    "Content-Type": type,
    "Content-Security-Policy": policy(await domains()),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
  };
  // Without a connection the program stays on the page that it wanted to leave; the host says why.
  if (said === "later") return new Response(null, { status: leaving ? 204 : 504, headers });
  if (!found) return new Response("This package has no such file.", { status: 404, headers });
  return new Response(type.startsWith("text/html") ? watched(await found.text()) : found.body, { headers });
}

/** A file that is not here may lie in a part that is not here yet: the page asks the host for it. "there", "none", "later". */
async function need(path) {
  const pages = await clients.matchAll({ type: "window" });
  const answers = pages.map((page) => new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    page.postMessage({ ferry: "need", path }, [port2]);
  }));
  if (!pages.length) return "none";
  return Promise.race([...answers, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, "later"))]);
}

/** A page with the host's ear for errors and the way to ask it, before anything of its own but the doctype. */
function watched(page) {
  const doctype = page.match(/^\s*<!doctype[^>]*>/i)?.[0] ?? "";
  return `${doctype}<script src="/.ferry/watch.js"></script><script src="/.ferry/bridge.js"></script>${page.slice(doctype.length)}`;
}
