// The form: sent without a reload, and again with the same key where the answer was lost.
"use strict";

const form = byId("task-form");
const [progress, formError] = ["progress", "form-error"].map(byId);
const [button, keyField] = ["button", "[name=idempotency_key]"].map((selector) => form.querySelector(selector));

function renewKey() {
  // randomUUID exists on https and localhost only.
  const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
  keyField.value = crypto.randomUUID?.() ?? bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function showErrors({ error = "", fields = {} }) {
  for (const place of form.querySelectorAll(".field-error")) {
    const name = place.id.replace("-error", "");
    const field = form.elements.namedItem(name);
    say(place, (fields[name] ?? []).join(" "));
    if (fields[name]) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
  const invalid = form.querySelector("[aria-invalid]");
  say(formError, invalid ? "" : error);
  invalid?.focus();
}

function accept({ location: address, text }, key) {
  // Without a Location it is the newest: nearly always the reader's own.
  newestMade = address?.match(/\d+$/)?.[0] ?? text.match(/id="task-(\d+)"/)?.[1];
  trustOldAnswersFrom = performance.now() + 5000;
  watched.add(newestMade);
  showErrors({});
  show(text, true);
  if (keyField.value !== key) return; // The reader types the next numbers already.
  renewKey();
  form.elements.namedItem("x").select();
}

async function submit(event) {
  event.preventDefault();
  if (button.ariaDisabled) return;
  button.ariaDisabled = "true";
  say(progress, texts.sending);
  const key = keyField.value;
  const headers = { "X-Requested-With": "fetch", "Idempotency-Key": key };
  const request = { headers, body: new URLSearchParams(new FormData(form)) };
  const answer = await send(form.action, request, (text) => say(progress, text));
  if (!answer) showErrors({ error: texts.gaveUp });
  else if (answer.status !== 201) showErrors(problem(answer));
  else if (location.search) location.assign(form.action); // another list than the newest tasks
  else accept(answer, key);
  say(progress, "");
  button.ariaDisabled = null;
}

form.addEventListener("submit", submit);
// Other numbers are another task, even if the server had taken the first ones and only its answer was lost.
form.addEventListener("input", renewKey);
