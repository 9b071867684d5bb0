// Cancel and retry by a row's button, or of the rows whose boxes are ticked, without a reload.
"use strict";

const [actForm, chosenForm, actError, chosenWords] = ["act", "chosen", "act-error", "chosen-words"].map(byId);

async function act(event) {
  event.preventDefault();
  const pressed = event.submitter;
  if (pressed.ariaDisabled) return;
  pressed.ariaDisabled = "true";
  try {
    await change(event.target, pressed);
  } finally {
    pressed.ariaDisabled = null;
  }
}

async function change(sent, pressed) {
  say(actError, "");
  const request = { headers: { "X-Requested-With": "fetch" }, body: new URLSearchParams(new FormData(sent, pressed)) };
  // A change starts from a state, so it cannot happen twice: sent again, it is told that there is nothing left to do.
  const where = sent.getAttribute("action"); // `action` is also the name of a button
  const answer = await post(where, request).catch(() => null);
  if (!answer) say(actError, texts.noAnswer);
  else if (answer.status >= 400) say(actError, problem(answer).error);
  else if (sent === chosenForm) for (const box of ticked()) box.checked = false;
  tellChosen();
  // On an older page nothing else renews the list.
  if (answer && !onFirstPage) location.reload();
}

const ticked = () => [...list.querySelectorAll(".pick input:checked")];

function tellChosen() {
  const n = ticked().length;
  chosenForm.hidden = !n;
  if (n) say(chosenWords, fill(texts.chosen, { n }));
}

for (const each of [actForm, chosenForm]) each.addEventListener("submit", act);
list.addEventListener("change", tellChosen);
tellChosen();
