// How fresh the page is, and a button that stops it for those who want to read.
"use strict";

const live = byId("live");
const liveWords = byId("live-words");
const OLD = 5000; // milliseconds: then what is shown is dimmed
let renewed = performance.now();

function tellAge() {
  const age = performance.now() - renewed;
  const old = age > OLD && !live?.matches("[aria-pressed=true]");
  document.body.classList.toggle("old", old);
  if (!live) return;
  const time = inSeconds(Math.round(age / 1000));
  if (live.matches("[aria-pressed=true]")) say(liveWords, texts.stopped);
  else say(liveWords, age < 1500 ? texts.live : fill(old ? texts.old : texts.ago, { time }));
}

// Asks again and again, except while the reader has stopped it.
async function keepRenewing(renew, interval) {
  await keepAsking(async () => {
    if (live?.matches("[aria-pressed=true]")) return;
    await renew();
    renewed = performance.now();
  }, interval, tellConnection);
}

function tellConnection(answered, failures) {
  if (!answered && failures) say(connection, texts.away);
  if (answered && failures > 1) say(announcer, texts.back);
  if (answered) say(connection, "");
}

function showHindrance(fresh) {
  const hint = fresh.getElementById("hint");
  if (!hint) return;
  say(byId("hindrance"), hint.textContent);
  hint.remove();
}

if (live) {
  live.hidden = false;
  live.addEventListener("click", () => {
    const stopped = live.getAttribute("aria-pressed") === "true";
    live.setAttribute("aria-pressed", String(!stopped));
    tellAge();
  });
}
setInterval(tellAge, 1000);
localize(document);
