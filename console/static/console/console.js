/* The console's few behaviours. Words come translated from the server in data attributes; there is none in here.
   Everything that changes something is a plain form: without this file only comfort is lost. */
"use strict";

const all = (selector, root = document) => root.querySelectorAll(selector);

/* Side navigation on narrow screens, and menus that close when one clicks elsewhere or presses Escape. */
function toggleSide(open) {
  const side = document.querySelector("[data-side]");
  const button = document.querySelector("[data-side-toggle]");
  if (!side || !button) return;
  side.classList.toggle("open", open);
  button.setAttribute("aria-expanded", String(side.classList.contains("open")));
  if (side.classList.contains("open")) side.querySelector("a").focus();
}

function closeMenus(except) {
  for (const menu of all("details[data-menu][open]")) if (!menu.contains(except)) menu.open = false;
}

document.addEventListener("click", (event) => {
  const target = event.target;
  closeMenus(target);
  if (target.closest("[data-side-toggle]")) return toggleSide();
  const side = document.querySelector("[data-side].open");
  if (side && !side.contains(target)) toggleSide(false);

  const opener = target.closest("[data-dialog]");
  if (opener) return document.getElementById(opener.dataset.dialog).showModal();
  if (target.closest("[data-close]")) return target.closest("dialog").close();

  const copy = target.closest("[data-copy]");
  if (copy) return copySecret(copy);

  const step = target.closest("[data-share-step]");
  if (step) return setShare(step.closest("[data-ramp]"), step.dataset.shareStep);

  const adder = target.closest("[data-add-row]");
  if (adder) return addRow(adder);
  const remover = target.closest("[data-remove-row]");
  if (remover) return removeRow(remover);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { closeMenus(null); toggleSide(false); }
});

async function copySecret(button) {
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try { await navigator.clipboard.writeText(field.value); } catch { document.execCommand("copy"); }
  const words = button.querySelector("span");
  const before = words.textContent;
  words.textContent = button.dataset.done;
  setTimeout(() => { words.textContent = before; }, 1600);
}

/* Ramp control: slider, number and the quick steps show one value; the slider is finer where shares are small. */
function setShare(ramp, value) {
  const number = ramp.querySelector("[data-share-number]");
  const slider = ramp.querySelector("[data-share-slider]");
  number.value = value;
  slider.value = toSlider(Number(value));
  number.dispatchEvent(new Event("change", { bubbles: true }));
}

const toSlider = (percent) => Math.round(Math.sqrt(Math.max(percent, 0) / 100) * 100);
const fromSlider = (position) => {
  const percent = (position / 100) ** 2 * 100;
  return percent >= 10 ? Math.round(percent) : percent >= 1 ? Math.round(percent * 10) / 10 : Math.round(percent * 100) / 100;
};

document.addEventListener("input", (event) => {
  const ramp = event.target.closest("[data-ramp]");
  if (ramp && event.target.matches("[data-share-slider]")) ramp.querySelector("[data-share-number]").value = fromSlider(Number(event.target.value));
  if (ramp && event.target.matches("[data-share-number]")) ramp.querySelector("[data-share-slider]").value = toSlider(Number(event.target.value));
  if (event.target.matches("[data-filter]")) filterRows(event.target);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  if (event.target.matches("[data-reveals]")) reveal(event.target.form);
});

/* A field group that belongs to some choices only: data-when="kind:gray trial". */
function reveal(form) {
  for (const group of all("[data-when]", form)) {
    const [name, values] = group.dataset.when.split(":");
    group.hidden = !values.split(" ").includes(new FormData(form).get(name));
  }
}

function filterRows(field) {
  const wanted = field.value.trim().toLowerCase();
  for (const row of all(field.dataset.filter)) row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
}

/* Condition rows of a release plan: clones of a template row with a running number. */
function addRow(button) {
  const list = document.getElementById(button.dataset.addRow);
  const row = document.getElementById(button.dataset.template).content.cloneNode(true);
  list.append(row);
  list.lastElementChild.querySelector("input, select").focus();
}

function removeRow(button) {
  const list = button.closest("[data-rows]");
  button.closest("[data-row]").remove();
  list.dispatchEvent(new Event("change", { bubbles: true }));
}

/* Uploads go in pieces (tus 1.0.0), so that a broken connection costs one piece; XMLHttpRequest tells how much was sent. */
const PIECE = 4 << 20;
const PATIENCE = [1000, 2000, 4000, 8000, 15000, 30000, 30000];

function ask(method, url, headers, body, onSent) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (onSent) request.upload.addEventListener("progress", (sent) => onSent(sent.loaded));
    request.addEventListener("loadend", () => resolve(request));
    request.send(body);
  });
}

async function sendInPieces(form, file, onSent, onBreak) {
  const headers = { "Tus-Resumable": "1.0.0", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
  const begun = await ask("POST", form.dataset.upload, { ...headers, "Upload-Length": file.size });
  if (begun.status !== 201) return { refused: begun };
  const url = begun.getResponseHeader("Location");
  for (let offset = 0, tries = 0; offset < file.size;) {
    const piece = { ...headers, "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
    const sent = await ask("PATCH", url, piece, file.slice(offset, offset + PIECE), (bytes) => onSent(offset + bytes));
    if (sent.status === 204) {
      offset = Number(sent.getResponseHeader("Upload-Offset"));
      tries = 0;
      continue;
    }
    if ((sent.status && sent.status < 500 && ![409, 423, 429].includes(sent.status)) || tries >= PATIENCE.length) return { refused: sent };
    onBreak();
    await new Promise((resolve) => setTimeout(resolve, PATIENCE[tries]));
    tries += 1;
    const asked = await ask("HEAD", url, headers);
    if (asked.status === 200) offset = Number(asked.getResponseHeader("Upload-Offset"));
  }
  return { id: url.split("/").pop() };
}

async function uploadForm(form) {
  const progress = form.querySelector("progress");
  const status = form.querySelector("[data-upload-status]");
  const button = form.querySelector("button.primary");
  const file = form.elements.archive.files[0];
  const stop = (words) => { status.textContent = words; button.disabled = false; progress.hidden = true; };
  progress.hidden = false;
  button.disabled = true;
  const fields = new FormData(form);
  const arrived = await sendInPieces(form, file, (bytes) => {
    progress.value = file.size ? bytes / file.size : 1;
    status.textContent = `${Math.floor(progress.value * 100)}%`;
  }, () => { status.textContent = form.dataset.again; });
  if (arrived.refused) {
    let said = null;
    try { said = JSON.parse(arrived.refused.responseText).error.message; } catch { /* no words of ours: the connection, or a proxy */ }
    return stop(said ?? form.dataset.failed);
  }
  status.textContent = form.dataset.checking;
  fields.delete("archive");
  fields.set("upload", arrived.id);
  const answer = await ask("POST", form.action, { "X-Requested-With": "XMLHttpRequest" }, fields);
  if (answer.getResponseHeader("X-Ferry-Location")) return location.assign(answer.getResponseHeader("X-Ferry-Location"));
  const page = new DOMParser().parseFromString(answer.responseText, "text/html").getElementById("upload");
  if (!page) return stop(form.dataset.failed);
  document.getElementById("upload").replaceWith(page);
  htmx.process(page);
  page.querySelector("[data-report]")?.focus();
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-upload]")) return;
  event.preventDefault();
  uploadForm(event.target);
});

for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    const drop = event.target.closest?.("[data-drop]");
    if (!drop) return;
    event.preventDefault();
    drop.classList.toggle("over", name === "dragover");
    if (name === "drop" && event.dataTransfer.files.length) drop.querySelector("input[type=file]").files = event.dataTransfer.files;
  });
}

for (const form of all("form:has([data-when])")) reveal(form);
for (const slider of all("[data-share-slider]")) slider.value = toSlider(Number(slider.closest("[data-ramp]").querySelector("[data-share-number]").value));
for (const dialog of all("dialog[data-open]")) dialog.showModal();
