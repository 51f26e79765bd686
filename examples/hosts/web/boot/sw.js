// Serves the files of one mini-program version inside its own origin, and nothing else.
// The headers are set here, not in the cache: the program can write to its cache, but not change this script.

const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline'", // inline code is as trusted as the package that holds it
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "media-src 'self' blob:",
  "connect-src 'self'", // its own files; this worker answers, so nothing leaves the browser
  "form-action 'self'",
  "base-uri 'none'",
].join("; ");

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== location.origin) return event.respondWith(Response.error());
  if (!url.pathname.startsWith("/.ferry/")) event.respondWith(answer(url.pathname));
});

async function answer(path) {
  const cache = await caches.open("package");
  const found = await cache.match(path.endsWith("/") ? `${path}index.html` : path);
  const type = found?.headers.get("Content-Type") ?? "text/plain";
  const headers = {
    "Content-Type": type,
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
  };
  if (!found) return new Response("This package has no such file.", { status: 404, headers });
  return new Response(type.startsWith("text/html") ? watched(await found.text()) : found.body, { headers });
}

/** A page with the host's ear for errors before anything of its own; after the doctype, which must stay first. */
function watched(page) {
  const doctype = page.match(/^\s*<!doctype[^>]*>/i)?.[0] ?? "";
  return `${doctype}<script src="/.ferry/watch.js"></script>${page.slice(doctype.length)}`;
}
