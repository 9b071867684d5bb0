// The live list. It asks once a second for what changed since its newest change: the answer names the rows of the page
// in their order and brings only the changed ones in full, so that it stays small while a batch runs, a page with
// filters needs no logic of its own, and all viewers of a list ask the same and may share one answer.
"use strict";

const list = byId("tasks");
const newTasks = byId("new-tasks");
const POLL = 1000;
const onFirstPage = !/[?&](before|after)=/.test(location.search);

const received = new WeakMap(); // what the server sent for a row; what did not change stays the same element
const known = new Map(); // id -> row, in the list or held back
let wanted = []; // the rows of the newest answer
let since = "";
let newestMade = 0;
let trustOldAnswersFrom = 0;

function show(html, atOnce = false) {
  const fresh = fragment(html);
  if (!fresh.getElementById("hint")) return;
  showHindrance(fresh);
  fresh.getElementById("made-now")?.remove();
  // A cache on the way may answer with the list from before the task that was just made.
  if (performance.now() < trustOldAnswersFrom && !fresh.getElementById(`task-${newestMade}`)) return;
  const [body, freshBody] = [list, fresh].map((root) => root.querySelector("tbody"));
  since = freshBody?.dataset.since ?? "";
  if (body && freshBody) {
    if (!takeRows([...freshBody.rows])) return;
    if (atOnce || !reading()) settle();
    else offer();
    replacePager(fresh.querySelector("#pager"));
  } else {
    list.replaceChildren(fresh);
    adopt();
  }
}

function adopt() {
  known.clear();
  wanted = [...(list.querySelector("tbody")?.rows ?? [])];
  since = list.querySelector("tbody")?.dataset.since ?? "";
  for (const row of wanted) {
    received.set(row, row.outerHTML);
    known.set(row.id, row);
  }
  localize(list);
  offer();
}

function takeRows(freshRows) {
  const taken = [];
  for (const row of freshRows) {
    const old = known.get(row.id);
    const unchanged = !row.cells.length;
    if (unchanged && !old) { // it moved up into this page: ask for all of it
      since = "";
      return false;
    }
    taken.push(unchanged || (old && received.get(old) === row.outerHTML) ? old : replace(old, row));
  }
  wanted = taken;
  for (const [id, row] of known) if (!row.isConnected && !wanted.includes(row)) known.delete(id);
  return true;
}

function replace(old, row) {
  received.set(row, row.outerHTML);
  known.set(row.id, row);
  localize(row);
  row.classList.toggle("fresh", !old);
  if (!old?.isConnected) return row;
  const focused = old.contains(document.activeElement);
  const [ticked, box] = [old, row].map((each) => each.querySelector(".pick input"));
  if (ticked && box) box.checked = ticked.checked;
  old.replaceWith(row);
  if (focused) (row.querySelector("button") ?? row.cells[0]).focus();
  return row;
}

function reading() {
  // Under a pointer, with the focus inside or scrolled into, nothing may move.
  const table = list.querySelector("table");
  return table.matches(":hover") || list.contains(document.activeElement) || list.getBoundingClientRect().top < 0;
}

function settle() {
  const body = list.querySelector("tbody");
  for (const row of [...body.rows]) {
    if (wanted.includes(row)) continue;
    row.remove();
    known.delete(row.id);
  }
  wanted.forEach((row, index) => {
    if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
  });
  offer();
}

// A table that is wider than its place is scrolled with the arrow keys, too.
function makeScrollable() {
  if (list.scrollWidth > list.clientWidth) list.tabIndex = 0;
  else list.removeAttribute("tabindex");
}

function offer() {
  makeScrollable();
  const shown = list.querySelectorAll("tbody tr").length;
  const n = wanted.filter((row) => !row.isConnected).length;
  const changed = n > 0 || wanted.length < shown;
  newTasks.hidden = !changed;
  if (changed) say(newTasks, n ? fill(n === 1 ? texts.newTask : texts.newTasks, { n }) : texts.changed);
}

function replacePager(fresh) {
  const old = list.querySelector("#pager");
  if (old.isEqualNode(fresh)) return;
  const focused = old.contains(document.activeElement) && document.activeElement.rel;
  old.replaceWith(fresh);
  if (focused) fresh.querySelector(`[rel=${focused}]`)?.focus();
}

async function renewList() {
  const url = new URL(list.dataset.url, location);
  if (since) url.searchParams.set("since", since);
  show(await (await get(url)).text());
}

newTasks.addEventListener("click", () => {
  settle();
  byId("tasks-heading").focus();
});
addEventListener("resize", makeScrollable);
adopt();
if (onFirstPage) keepRenewing(renewList, POLL);
