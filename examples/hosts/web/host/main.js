// Puts the phone together: memory, edge, client, screen, and the panel that tells what the host does.

import { showBanner } from "./banner.js";
import { Catalogue } from "./catalogue.js";
import { Client } from "./client.js";
import { ConsentSheet, PURPOSES } from "./consent.js";
import { Edge, EdgeError } from "./edge.js";
import { Events } from "./events.js";
import { readLink, readScanned } from "./links.js";
import { element, Phone } from "./phone.js";
import { PrivacySheet } from "./privacy.js";
import { Pushes } from "./pushes.js";
import { openStore } from "./store.js";
import { language, switchLanguage, words } from "./words.js";

const $ = (id) => document.getElementById(id);
const MOST_LINES = 200;
const AWAY_MS = 10_000; // back on the screen after so long: ask again
const lines = [];

const config = await (await fetch("/config.json")).json();
const store = await openStore();
const edge = new Edge(config);
const catalogue = new Catalogue({ store, edge });
const client = new Client({ config, edge, store, log, changed });
const events = new Events({ client, edge, config });
const privacy = new PrivacySheet({ client, edge });
const phone = new Phone(client, catalogue, events, privacy);
const pushes = new Pushes({ client, edge, show, changed: drawFacts });
const consent = new ConsentSheet({ client, decide });

function log(what, details) {
  lines.unshift({ at: new Date(), what, details });
  lines.splice(MOST_LINES);
  drawLog();
}

function changed(id, progress) {
  phone.changed(id, progress);
  drawFacts();
}

/** A message that names a program in its data (`program`) opens it. */
function show(message) {
  showBanner(message, async (event) => {
    await pushes.tell(message, event);
    const program = message.data?.program;
    if (event === "opened" && program) await phone.open(program, "push");
  });
}

/** A link into the app: a trial is joined first, so that the check-in that follows already brings its version. */
async function follow({ program, path, query, trial }, from) {
  if (trial) {
    await client.join(program, trial);
    await catalogue.refresh(config);
  }
  await phone.open(program, from, { path, query });
}

/** What a scanner would read: a deep link, or a short one of this app, which the edge resolves. */
async function scan(text) {
  const read = readScanned(text);
  if (!read) return log("notALink", {});
  if (!read.code) return follow(read, "scan");
  try {
    const { id, path, query } = await edge.link(read.code);
    await follow({ program: id, path, query, trial: "" }, "link");
  } catch (error) {
    if (!(error instanceof EdgeError)) throw error;
    log("noSuchLink", { message: error.message });
  }
}

async function decide(choice) {
  if (!choice.analytics) await events.clear();
  await client.decide(choice);
  await events.flush();
  drawFacts();
}

const named = (details) => (details.program ? { ...details, program: catalogue.name(details.program) } : details);

function drawLog() {
  $("log").replaceChildren(...lines.map(({ at, what, details }) => {
    const row = element("li", what, element("time", "", at.toLocaleTimeString("en-GB")), element("span", "", words().log_[what](named(details))));
    row.dataset.what = what;
    return row;
  }));
}

function nextText() {
  const seconds = Math.ceil((client.nextAt - Date.now()) / 1000);
  if (seconds <= 0) return words().now;
  return seconds < 100 ? words().seconds(seconds) : words().minutes(Math.round(seconds / 60));
}

function agreedText(agreed) {
  if (!agreed) return words().unanswered;
  return PURPOSES.filter((name) => agreed[name]).map((name) => words()[name]).join(words().comma) || words().nothing;
}

async function drawFacts() {
  const [known, agreed] = [await store.get("facts", "device"), await client.device.consent()];
  const state = { null: words().asking, true: words().online, false: words().offline }[client.online];
  const facts = [
    [words().device, known?.device ?? "…"], [words().version, `${config.host_version} · web`],
    [words().edge, `${config.edge.replace(/^https?:\/\//, "")} · ${state}`], [words().next, nextText()],
    [words().consent, agreedText(agreed)], [words().push, words().push_[pushes.state]],
  ];
  $("facts").replaceChildren(...facts.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]));
  $("facts").className = client.online === false ? "off" : "";
  $("short-device").textContent = known?.device.slice(0, 14) ?? "";
}

function drawWords() {
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  for (const place of document.querySelectorAll("[data-word]")) place.textContent = words()[place.dataset.word];
  $("language").textContent = words().other;
  for (const name of ["back", "close", "details"]) $(name).setAttribute("aria-label", words()[name]);
  phone.draw();
  drawFacts();
  drawLog();
}

function drawClock() {
  $("time").textContent = new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  drawFacts();
}

async function round() {
  await client.turn();
  events.flush();
  privacy.flush();
  if (pushes.state !== "stream") pushes.start();
  await catalogue.refresh(config);
  changed();
}

$("language").addEventListener("click", () => {
  switchLanguage();
  drawWords();
});
$("check-in").addEventListener("click", round);
$("forget").addEventListener("click", async () => {
  await store.clear();
  location.reload();
});
$("scan").addEventListener("submit", (event) => {
  event.preventDefault();
  scan($("scanned").value);
  $("scanned").value = "";
});
addEventListener("online", round);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && Date.now() - client.askedAt > AWAY_MS) round();
});

const linked = readLink(location.search);
if (location.search) history.replaceState(null, "", location.pathname); // a token has no place in history
await consent.ask(config.policy_version);
await client.load();
await catalogue.start();
drawWords();
drawClock();
setInterval(drawClock, 1000);
await client.start();
await catalogue.refresh(config);
changed();
events.flush();
privacy.flush();
pushes.start();
if (linked) follow(linked, "link");
document.body.dataset.ready = "yes"; // the first answer, or the first failure, is on the screen
