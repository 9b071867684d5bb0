// Figures and plots of the last minutes, from the API's stats, whose answer all viewers share.
"use strict";

const stats = byId("stats");
const plots = byId("plots");
const [STATS_POLL, STEP] = [2000, 10]; // milliseconds; seconds that one point of the history stands for
const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [300, 64];

function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// Gaps (nothing ran, so nothing waited) break the line.
function lines(values, largest) {
  const step = WIDTH / Math.max(1, values.length - 1);
  const y = (value) => (HEIGHT - 2 - (value / largest) * (HEIGHT - 6)).toFixed(1);
  let path = "";
  values.forEach((value, index) => {
    if (value === null) return;
    const starts = index === 0 || values[index - 1] === null;
    const alone = starts && (values[index + 1] ?? null) === null;
    const x = Math.min(index * step, alone ? WIDTH - 4 : WIDTH).toFixed(1);
    path += `${starts ? "M" : "L"}${x} ${y(value)}${alone ? "h4" : ""}`;
  });
  return path;
}

function plot(name, values, unit) {
  const largest = Math.max(...values.map((value) => value ?? 0));
  const now = values.at(-1) ?? null;
  const place = stats.querySelector(`[data-plot=${name}]`);
  const base = svg("path", { class: "base", d: `M0 ${HEIGHT - 1}H${WIDTH}` });
  const line = svg("path", { class: "line", d: lines(values, largest || 1) });
  // The table says the same to those who cannot see it.
  place.replaceChildren(svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, base, line));
  say(stats.querySelector(`[data-plot-now=${name}]`), now === null ? "–" : unit(now));
}

function tabulate(history) {
  const rows = history.toReversed().map(({ time, ended, waiting_ms: waiting }) => {
    const row = document.createElement("tr");
    const moment = document.createElement("th");
    moment.scope = "row";
    moment.textContent = shortClock.format(new Date(time));
    row.append(moment);
    for (const text of [number.format(ended), waiting === null ? "–" : inSeconds(waiting / 1000)]) row.insertCell().textContent = text;
    return row;
  });
  plots.querySelector("tbody").replaceChildren(...rows);
}

async function renewStats() {
  const answer = await (await get(stats.dataset.url)).json();
  for (const [status, count] of Object.entries(answer.counts)) {
    const place = stats.querySelector(`[data-count="${status}"]`);
    if (place) say(place, number.format(count) + (answer.capped.includes(status) ? "+" : ""));
  }
  for (const name of ["queue_depth", "workers"]) {
    say(stats.querySelector(`[data-figure=${name}]`), answer[name] === null ? "–" : number.format(answer[name]));
  }
  plots.hidden = !answer.history.length;
  if (plots.hidden) return;
  plot("throughput", answer.history.map(({ ended }) => ended / STEP), (value) => number.format(value));
  plot("waiting", answer.history.map(({ waiting_ms: waiting }) => waiting), (value) => inSeconds(value / 1000));
  if (plots.querySelector("details").open) tabulate(answer.history);
}

// An opened table is filled at once.
plots.querySelector("details").addEventListener("toggle", () => renewStats().catch(() => {}));
renewStats().catch(() => {});
keepAsking(renewStats, STATS_POLL);
