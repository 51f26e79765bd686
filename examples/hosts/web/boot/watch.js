// Runs before a mini-program's own code, put there by the service worker: tells the host about errors nobody caught.

{
  const host = `${location.protocol}//${location.host.slice(location.host.indexOf(".") + 1)}`;
  const tell = (message, source = "", line = 0) =>
    parent.postMessage({ ferry: "error", message: String(message), source: source.replace(location.origin, ""), line }, host);
  addEventListener("error", (event) => tell(event.message, event.filename || location.pathname, event.lineno));
  addEventListener("unhandledrejection", (event) => tell(event.reason, location.pathname));
}
