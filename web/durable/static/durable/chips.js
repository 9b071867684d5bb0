// How many tasks are in each state, from the API's stats, whose answer all viewers share.
"use strict";

const chips = byId("chips");

async function renewChips() {
  const answer = await (await get(chips.dataset.url)).json();
  const told = (states) =>
    number.format(states.reduce((sum, status) => sum + answer.counts[status], 0)) +
    (states.some((status) => answer.capped.includes(status)) ? "+" : "");
  for (const place of chips.querySelectorAll("[data-count]")) say(place, told([place.dataset.count]));
  for (const link of document.querySelectorAll("[data-states]")) {
    const states = link.dataset.states.split(" ");
    link.hidden = states.every((status) => !answer.counts[status]);
    say(link.querySelector(".count"), told(states));
  }
}

renewChips().catch(() => {});
keepAsking(renewChips, 2000);
