// What the page's scripts share. They are plain deferred scripts, run in the order of the page, and no modules: those
// import each other by paths, into which the hashes of the static files' names would have to be written.
"use strict";

const texts = document.currentScript.dataset;
const language = document.documentElement.lang;
const byId = (id) => document.getElementById(id);
const [connection, announcer] = ["connection", "announcer"].map(byId);

const [LONGEST_PAUSE, TIMEOUT] = [10_000, 15_000];
const RETRY_PAUSES = [500, 1000, 2000, 4000];
const [AWAY, SOON] = [[502, 503, 504], 10]; // seconds: what is to be sent again later than that is told at once

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const once = (event) => new Promise((resolve) => document.addEventListener(event, resolve, { once: true }));
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function say(place, text) {
  // An unchanged sentence is not set again: a screen reader would read it again.
  if (place.textContent !== text) place.textContent = text;
}

function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// Times: the server tells UTC, the reader sees the own zone.
const clock = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "long" });
const hours = { hour: "numeric", minute: "2-digit", second: "2-digit" };
const [ofToday, ofOtherDays] = [hours, { month: "short", day: "numeric", ...hours }].map((parts) => new Intl.DateTimeFormat(language, parts));
const short = (moment) => (moment.toDateString() === new Date().toDateString() ? ofToday : ofOtherDays).format(moment);
const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });

function inSeconds(seconds) {
  return new Intl.NumberFormat(language, { style: "unit", unit: "second", maximumFractionDigits: 0 }).format(seconds);
}

function localize(root) {
  for (const time of root.querySelectorAll("time")) {
    const moment = new Date(time.dateTime);
    time.textContent = "day" in time.dataset ? clock.format(moment) : short(moment);
    time.title = clock.format(moment);
  }
  for (const zone of root.querySelectorAll("[data-zone]")) zone.textContent = clock.resolvedOptions().timeZone;
}

// Asking
async function get(url) {
  const response = await fetch(url, { headers: { "X-Requested-With": "fetch" }, signal: AbortSignal.timeout(TIMEOUT) });
  if (response.status === 401) location.reload(); // logged out meanwhile: the page itself leads to the login
  if (!response.ok) throw new Error(response.statusText);
  return response;
}

async function keepAsking(renew, interval, tell = () => {}) {
  for (let failures = 0; ; ) {
    // Uneven pauses, so that the pages that lost a server together do not return to it together.
    await pause(Math.min(interval * 2 ** failures, LONGEST_PAUSE) * (failures ? 0.75 + Math.random() / 4 : 1));
    if (document.hidden) await once("visibilitychange");
    const answered = await renew().then(() => true, () => false);
    tell(answered, failures);
    failures = answered ? 0 : failures + 1;
  }
}

async function post(url, request) {
  const response = await fetch(url, { method: "POST", ...request, signal: AbortSignal.timeout(request.patience ?? TIMEOUT) });
  const soon = Number(response.headers.get("Retry-After") ?? 0) <= SOON;
  if (AWAY.includes(response.status) && soon) throw new Error(response.statusText);
  return { status: response.status, location: response.headers.get("Location"), text: await response.text() };
}

// Only what does not happen twice may be sent twice: the caller sees to an Idempotency-Key, or to a state to start from.
async function send(url, request, tell) {
  for (const wait of [...RETRY_PAUSES, null]) {
    const answer = await post(url, request).catch(() => null);
    if (answer || wait === null) return answer;
    tell(texts.retrying);
    await pause(wait);
  }
}

function problem(answer) {
  // {error, fields, ...} of a refusal; a proxy on the way may answer in other words than ours.
  try {
    return JSON.parse(answer.text);
  } catch {
    return { error: fill(texts.refused, answer) };
  }
}
