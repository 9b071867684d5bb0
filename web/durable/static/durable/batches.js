// The newest batches: the progress of what runs.
"use strict";

const recent = byId("recent");

function showBatch(html) {
  const fresh = fragment(html).querySelector(".batch");
  const old = fresh && byId(fresh.id);
  if (!fresh || old?.isEqualNode(fresh)) return fresh;
  if (!old) recent.prepend(fresh);
  else {
    if (old.contains(document.activeElement)) fresh.querySelector("a").focus({ preventScroll: true });
    takeOver(old, fresh);
  }
  recent.hidden = false;
  return fresh;
}

function takeOver(old, fresh) {
  // The bar stays the same element and moves; the rest is exchanged only where it changed, and never under the focus.
  if ("running" in old.dataset && !("running" in fresh.dataset)) {
    delete old.dataset.running;
    say(announcer, fill(texts.batchEnded, { id: old.id.replace("batch-", "") }));
  }
  old.querySelector("progress").value = fresh.querySelector("progress").value;
  say(old.querySelector(".ended"), fresh.querySelector(".ended").textContent);
  const [button, stays] = [old, fresh].map((batch) => batch.querySelector(".links button"));
  if (!button || stays) return;
  if (button === document.activeElement) old.querySelector(".links a").focus();
  button.remove();
}

async function renewBatches() {
  for (const batch of recent.querySelectorAll("[data-running]")) showBatch(await (await get(batch.dataset.url)).text());
}

keepAsking(renewBatches, 1000);
