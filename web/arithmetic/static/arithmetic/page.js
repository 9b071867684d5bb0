// The page works without this file. With it, the form is sent and the list renewed without a reload.
"use strict";

const texts = document.currentScript.dataset;
const language = document.documentElement.lang;
const form = document.getElementById("task-form");
const button = form.querySelector("button");
const progress = document.getElementById("progress");
const formError = document.getElementById("form-error");
const list = document.getElementById("tasks");
const connection = document.getElementById("connection");
const announcer = document.getElementById("announcer");

const [POLL, LONGEST_PAUSE, TIMEOUT] = [1000, 10_000, 15_000];
const RETRY_PAUSES = [500, 1000, 2000, 4000];
const AWAY = [502, 503, 504];

const onFirstPage = !/[?&](before|after)=/.test(location.search);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function say(place, text) {
  // An unchanged sentence is not set again: a screen reader would read it again.
  if (place.textContent !== text) place.textContent = text;
}

// Times: the server tells UTC, the reader sees the own zone.

const clock = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "long" });
const shortClock = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", hour: "numeric", minute: "2-digit", second: "2-digit" });

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
  if (isStale(fresh)) return;
  const [body, freshBody] = [list.querySelector("tbody"), fresh.querySelector("tbody")];
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

function isStale(fresh) {
  // A cache on the way may answer with the list from before the task that was just made.
  return performance.now() < trustOldAnswersFrom && !fresh.getElementById(`task-${newestMade}`);
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
    if (document.hidden) await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
    try {
      const response = await fetch(list.dataset.url, { signal: AbortSignal.timeout(TIMEOUT) });
      if (!response.ok) throw new Error(response.statusText);
      show(await response.text());
      if (failures > 1) say(announcer, texts.back);
      failures = 0;
      say(connection, "");
    } catch {
      failures += 1;
      if (failures > 1) say(connection, texts.away);
    }
  }
}

// The form

const keyField = form.elements.namedItem("idempotency_key");
let sending = false;

function renewKey() {
  // randomUUID exists on https and localhost only.
  const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
  keyField.value = crypto.randomUUID?.() ?? bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function send(request) {
  for (const wait of [...RETRY_PAUSES, null]) {
    const response = await fetch(form.action, { ...request, signal: AbortSignal.timeout(TIMEOUT) }).catch(() => null);
    if (response && !AWAY.includes(response.status)) return response;
    if (wait === null) return null;
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

async function accept(response) {
  if (!onFirstPage) return location.assign(form.action);
  const html = await response.text();
  newestMade = response.headers.get("Location")?.match(/\d+$/)?.[0] ?? html.match(/id="task-(\d+)"/)?.[1];
  trustOldAnswersFrom = performance.now() + 5000;
  watched.add(newestMade);
  showErrors({});
  show(html);
  renewKey();
  if (form.contains(document.activeElement) || document.activeElement === document.body) form.elements.namedItem("x").select();
}

async function submit(event) {
  event.preventDefault();
  if (sending) return;
  sending = true;
  button.setAttribute("aria-disabled", "true");
  say(progress, texts.sending);
  const headers = { "X-Requested-With": "fetch", "Idempotency-Key": keyField.value };
  const response = await send({ method: "POST", headers, body: new URLSearchParams(new FormData(form)) });
  if (response?.status === 201) await accept(response);
  else if (!response) showErrors({ error: texts.gaveUp });
  else showErrors(await response.json().catch(() => ({ error: fill(texts.refused, response) })));
  say(progress, "");
  button.removeAttribute("aria-disabled");
  sending = false;
}

form.addEventListener("submit", submit);
// Other numbers are another task, even if the server had taken the first ones and only its answer was lost.
form.addEventListener("input", renewKey);
adopt(list);
if (onFirstPage) watch();
