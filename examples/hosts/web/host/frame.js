// Runs a verified package in a sandboxed frame on an origin of its own: one for each program and version.

import { canonicalJson, sha256 } from "./verify.js";

const TYPES = {
  html: "text/html; charset=utf-8", htm: "text/html; charset=utf-8", css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8", mjs: "text/javascript; charset=utf-8", json: "application/json",
  svg: "image/svg+xml", png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp",
  avif: "image/avif", ico: "image/x-icon", woff: "font/woff", woff2: "font/woff2", ttf: "font/ttf", mp3: "audio/mpeg",
  mp4: "video/mp4", webm: "video/webm", wasm: "application/wasm", txt: "text/plain; charset=utf-8",
};

const MOST_ERRORS = 10; // of one opening: a program in a loop of errors must not fill the queue

const typeOf = (path) => TYPES[path.slice(path.lastIndexOf(".") + 1).toLowerCase()] ?? "application/octet-stream";

/** The origin of one version of one program with these domains: what it may reach is part of its name, so that the
    program cannot change it from inside. Same bytes under another program's name get another origin. */
async function originOf(rules, code) {
  const label = (await sha256(new TextEncoder().encode(rules))).slice(0, 32);
  return `${location.protocol}//v${code}-${label}.${location.host}`;
}

/** Files as they go over, and the bytes to hand over with them. */
function packed(files) {
  const copies = [...files].map(([path, bytes]) => ({ path, type: typeOf(path), bytes: bytes.slice().buffer }));
  return { copies, transfer: copies.map((file) => file.bytes) };
}

/** The path of a file in the package that an address names. */
function pathOf(address) {
  try {
    return decodeURI(String(address).slice(1)).replace(/(^|\/)$/, "$1index.html");
  } catch {
    return "";
  }
}

/** Puts the program into `place` and returns its frame. Files go to that origin and no other: those it starts with, and
    what `more(path)` gives for a path that it does not have yet ({files, said}: there, none or later).
    `erred` hears the first errors that the program does not catch, `asked` answers what it asks the phone for, `entered`
    hears which page it is on. `page` ({path, query}) is where a link leads; a path that the package does not have opens it where it starts. */
export async function run({ package: about, files, domains, language, place, failed, erred, asked, more, entered, page = {} }) {
  const { program, version_code: code, sha256: hash } = about.statement;
  const rules = canonicalJson({ program, sha256: hash, domains });
  const origin = await originOf(rules, code);
  const frame = document.createElement("iframe");
  frame.sandbox.add("allow-scripts", "allow-same-origin", "allow-forms");
  frame.referrerPolicy = "no-referrer";
  frame.title = about.statement.program;
  frame.dataset.code = about.statement.version_code;
  let [booted, errors] = [false, 0];
  addEventListener("message", function hear(event) {
    if (!frame.isConnected) return removeEventListener("message", hear);
    if (event.source !== frame.contentWindow || event.origin !== origin) return;
    if (event.data?.ferry === "failed") failed(event.data.reason);
    if (event.data?.ferry === "error" && booted && errors++ < MOST_ERRORS) erred(event.data);
    if (event.data?.ferry === "call" && booted) {
      const { id, capability } = event.data;
      asked(capability).then((said) => frame.contentWindow?.postMessage({ ferry: "answer", id, ...said }, origin));
    }
    if (event.data?.ferry === "page" && booted) entered(pathOf(event.data.path), String(event.data.route));
    if (event.data?.ferry === "need" && booted) {
      more(pathOf(event.data.path)).then(({ files: found, said }) => {
        const { copies, transfer } = packed(found ?? []);
        frame.contentWindow?.postMessage({ ferry: "answer", id: event.data.id, said, files: copies }, origin, transfer);
      });
    }
    if (event.data?.ferry !== "boot" || booted) return;
    booted = true;
    const { copies, transfer } = packed(files);
    const entry = page.path && files.has(page.path) ? page.path : about.entry;
    const query = [new URLSearchParams({ lang: language }).toString(), page.query].filter(Boolean).join("&");
    const message = { ferry: "files", entry, query, files: copies, rules };
    frame.contentWindow.postMessage(message, origin, transfer);
  });
  frame.src = `${origin}/.ferry/boot.html`;
  place.replaceChildren(frame);
  return frame;
}
