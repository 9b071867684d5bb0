// The page works without this file. With it, the form is sent and the list renewed without a reload.
"use strict";

const texts = document.currentScript.dataset;
const language = document.documentElement.lang;
const [form, progress, formError, list, connection, announcer] = [
  "task-form", "progress", "form-error", "tasks", "connection", "announcer",
].map((id) => document.getElementById(id));
const [button, keyField] = ["button", "[name=idempotency_key]"].map((selector) => form.querySelector(selector));

const [POLL, LONGEST_PAUSE, TIMEOUT] = [1000, 10_000, 15_000];
const RETRY_PAUSES = [500, 1000, 2000, 4000];
const AWAY = [502, 503, 504];

const onFirstPage = !/[?&](before|after)=/.test(location.search);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const once = (event) => new Promise((resolve) => document.addEventListener(event, resolve, { once: true }));
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function say(place, text) {
  // An unchanged sentence is not set again: a screen reader would read it again.
  if (place.textContent !== text) place.textContent = text;
}

// Times: the server tells UTC, the reader sees the own zone.
const clock = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "long" });
const parts = { month: "short", day: "numeric", hour: "numeric", minute: "2-digit", second: "2-digit" };
const shortClock = new Intl.DateTimeFormat(language, parts);

function duration(from, to) {
  const milliseconds = Math.max(0, new Date(to) - new Date(from));
  const [amount, unit] = milliseconds < 1000 ? [milliseconds, "millisecond"] : [milliseconds / 1000, "second"];
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: 1 }).format(amount);
}

function localize(root) {
  for (const time of root.querySelectorAll("time")) {
    const moment = new Date(time.dateTime);
    time.textContent = shortClock.format(moment);
    time.title = clock.format(moment);
  }
  for (const run of root.querySelectorAll("[data-from]")) run.textContent = duration(run.dataset.from, run.dataset.to);
  for (const zone of root.querySelectorAll("[data-zone]")) zone.textContent = clock.resolvedOptions().timeZone;
}

// The list. A row that did not change stays the same element, so that marking and copying a number is not cut short.
const received = new WeakMap();
const watched = new Set();
let newestMade = 0;
let trustOldAnswersFrom = 0;

function show(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content;
  if (!fresh.getElementById("hint")) return;
  // A cache on the way may answer with the list from before the task that was just made.
  if (performance.now() < trustOldAnswersFrom && !fresh.getElementById(`task-${newestMade}`)) return;
  const [body, freshBody] = [list, fresh].map((root) => root.querySelector("tbody"));
  if (body && freshBody) {
    mergeRows(body, [...freshBody.rows]);
    say(list.querySelector("#hint"), fresh.querySelector("#hint").textContent);
    replacePager(fresh.querySelector("#pager"));
  } else {
    adopt(fresh);
    list.replaceChildren(fresh);
  }
  announceFinished();
}

function adopt(root) {
  for (const row of root.querySelectorAll("tr[id]")) received.set(row, row.outerHTML);
  localize(root);
}

function mergeRows(body, freshRows) {
  const ids = new Set(freshRows.map((row) => row.id));
  for (const row of [...body.rows]) if (!ids.has(row.id)) row.remove();
  freshRows.forEach((row, index) => {
    const old = document.getElementById(row.id);
    if (old && received.get(old) === row.outerHTML) return;
    received.set(row, row.outerHTML);
    localize(row);
    row.classList.toggle("fresh", !old);
    if (old) old.replaceWith(row);
    else body.insertBefore(row, body.rows[index] ?? null);
  });
}

function replacePager(fresh) {
  const old = list.querySelector("#pager");
  if (old.isEqualNode(fresh)) return;
  const focused = old.contains(document.activeElement) && document.activeElement.rel;
  old.replaceWith(fresh);
  if (focused) fresh.querySelector(`[rel=${focused}]`)?.focus();
}

function announceFinished() {
  // Only the reader's own tasks: a busy list would never stop talking.
  const sentences = [];
  for (const id of watched) {
    const row = document.getElementById(`task-${id}`);
    const text = row && texts[row.dataset.status];
    if (!text) continue;
    const result = row.querySelector(".result").textContent;
    sentences.push(fill(text, { id, calculation: row.querySelector(".calculation").textContent, result, error: result }));
    watched.delete(id);
  }
  if (sentences.length) announcer.textContent = sentences.join(" ");
}

async function watch() {
  for (let failures = 0; ; ) {
    // Uneven pauses, so that the pages that lost a server together do not return to it together.
    await pause(Math.min(POLL * 2 ** failures, LONGEST_PAUSE) * (failures ? 0.75 + Math.random() / 4 : 1));
    if (document.hidden) await once("visibilitychange");
    try {
      const response = await fetch(list.dataset.url, { signal: AbortSignal.timeout(TIMEOUT) });
      if (!response.ok) throw new Error(response.statusText);
      show(await response.text());
      if (failures > 1) say(announcer, texts.back);
      failures = 0;
      say(connection, "");
    } catch {
      if (++failures > 1) say(connection, texts.away);
    }
  }
}

// The form
function renewKey() {
  // randomUUID exists on https and localhost only.
  const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
  keyField.value = crypto.randomUUID?.() ?? bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function post(request) {
  const response = await fetch(form.action, { ...request, signal: AbortSignal.timeout(TIMEOUT) });
  if (AWAY.includes(response.status)) throw new Error(response.statusText);
  return { status: response.status, location: response.headers.get("Location"), text: await response.text() };
}

async function send(request) {
  for (const wait of [...RETRY_PAUSES, null]) {
    const answer = await post(request).catch(() => null);
    if (answer || wait === null) return answer;
    say(progress, texts.retrying);
    await pause(wait);
  }
}

function showErrors({ error = "", fields = {} }) {
  for (const place of form.querySelectorAll(".field-error")) {
    const name = place.id.replace("-error", "");
    const field = form.elements.namedItem(name);
    say(place, (fields[name] ?? []).join(" "));
    if (fields[name]) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
  const invalid = form.querySelector("[aria-invalid]");
  say(formError, invalid ? "" : error);
  invalid?.focus();
}

function accept({ location, text }, key) {
  // Without a Location it is the newest: nearly always the reader's own.
  newestMade = location?.match(/\d+$/)?.[0] ?? text.match(/id="task-(\d+)"/)?.[1];
  trustOldAnswersFrom = performance.now() + 5000;
  watched.add(newestMade);
  showErrors({});
  show(text);
  if (keyField.value !== key) return; // The reader types the next numbers already.
  renewKey();
  form.elements.namedItem("x").select();
}

async function submit(event) {
  event.preventDefault();
  if (button.ariaDisabled) return;
  button.ariaDisabled = "true";
  say(progress, texts.sending);
  const key = keyField.value;
  const headers = { "X-Requested-With": "fetch", "Idempotency-Key": key };
  const answer = await send({ method: "POST", headers, body: new URLSearchParams(new FormData(form)) });
  if (!answer) showErrors({ error: texts.gaveUp });
  else if (answer.status !== 201) showErrors(await new Response(answer.text).json().catch(() => ({ error: fill(texts.refused, answer) })));
  else if (onFirstPage) accept(answer, key);
  else location.assign(form.action);
  say(progress, "");
  button.ariaDisabled = null;
}

form.addEventListener("submit", submit);
// Other numbers are another task, even if the server had taken the first ones and only its answer was lost.
form.addEventListener("input", renewKey);
adopt(list);
if (onFirstPage) watch();
