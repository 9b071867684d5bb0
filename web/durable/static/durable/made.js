// What became of the reader's own tasks: of those made in this tab, the newest few, until each has ended.
"use strict";

const made = byId("made");
const [MADE, OPEN] = [5, ["created", "pending", "scheduled"]];

function showMade(item) {
  const old = byId(item.id);
  if (!old) made.prepend(item);
  else if (!old.isEqualNode(item)) {
    const focused = old.contains(document.activeElement);
    old.replaceWith(item);
    if (focused) item.querySelector("a").focus();
  }
  while (made.children.length > MADE) made.lastElementChild.remove();
}

async function renewMade() {
  for (const item of made.querySelectorAll(".made")) {
    if (!OPEN.includes(item.dataset.status)) continue;
    const address = `${item.querySelector("a").getAttribute("href")}/brief?lang=${made.dataset.lang}`;
    showMade(fragment(await (await get(address)).text()).querySelector(".made"));
  }
}

keepAsking(renewMade, 1000);
