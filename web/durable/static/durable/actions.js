// Cancel and retry by a row's button, without a reload.
"use strict";

const actForm = byId("act");
const actError = byId("act-error");

async function act(event) {
  event.preventDefault();
  const pressed = event.submitter;
  if (pressed.ariaDisabled) return;
  pressed.ariaDisabled = "true";
  try {
    await change(pressed);
  } finally {
    pressed.ariaDisabled = null;
  }
}

async function change(pressed) {
  say(actError, "");
  const request = { headers: { "X-Requested-With": "fetch" }, body: new URLSearchParams(new FormData(actForm, pressed)) };
  // A change starts from a state, so it cannot happen twice: sent again, it is told that there is nothing left to do.
  const answer = await post(actForm.action, request).catch(() => null);
  if (!answer) say(actError, texts.noAnswer);
  else if (answer.status >= 400) say(actError, problem(answer).error);
  // On an older page nothing else renews the list.
  if (answer && !onFirstPage) location.reload();
}

actForm.addEventListener("submit", act);
