// The page of a task, a batch or the activity: its moving part is asked for again until there is nothing more to come.
"use strict";

const part = byId("live-part");

const FOCUSABLE = "a, button, summary, input";
let shown = "";

async function renewPart() {
  const html = await (await get(part.dataset.url)).text();
  if (html === shown) return;
  shown = html;
  const fresh = fragment(html);
  showHindrance(fresh);
  localize(fresh);
  for (const kept of part.querySelectorAll("[data-keep]")) {
    const now = fresh.querySelector(`[data-keep="${kept.dataset.keep}"]`);
    if (now) now.open = kept.open;
  }
  const ended = fresh.querySelector("[data-ended]");
  const place = [...part.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
  part.replaceChildren(fresh);
  if (place >= 0) part.querySelectorAll(FOCUSABLE)[place]?.focus({ preventScroll: true });
  if (ended && part.dataset.ended === undefined) location.reload(); // its buttons are others now
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(byId(button.dataset.copy).textContent);
    say(button.nextElementSibling, texts.copied);
  });
}

if (part.dataset.ended === undefined) keepRenewing(renewPart, Number(part.dataset.every ?? 1000));
