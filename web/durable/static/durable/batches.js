// The newest batches: the progress of what runs.
"use strict";

const recent = byId("recent");

function showBatch(html) {
  const fresh = fragment(html).querySelector(".batch");
  const old = fresh && byId(fresh.id);
  if (!fresh || old?.isEqualNode(fresh)) return fresh;
  if (!old) recent.prepend(fresh);
  else {
    const focused = old.contains(document.activeElement);
    old.replaceWith(fresh);
    if (focused) fresh.querySelector("a").focus({ preventScroll: true });
  }
  recent.closest("section")?.removeAttribute("hidden");
  return fresh;
}

async function renewBatches() {
  for (const batch of recent.querySelectorAll("[data-running]")) showBatch(await (await get(batch.dataset.url)).text());
}

// On the page of all batches they are what has to be fresh.
if (recent) (recent.classList.contains("all") ? keepRenewing : keepAsking)(renewBatches, 1000);
