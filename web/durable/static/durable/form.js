// The form: sent without a reload, and again with the same key where the answer was lost.
"use strict";

const form = byId("task-form");
const [progress, formError] = ["progress", "form-error"].map(byId);
const [button, keyField] = ["button", "[name=idempotency_key]"].map((selector) => form.querySelector(selector));
const first = form.querySelector("input:not([type=hidden]), select, textarea"); // where the next task begins

function renewKey() {
  // randomUUID exists on https and localhost only.
  const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
  keyField.value = crypto.randomUUID?.() ?? bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function showErrors({ error = "", fields = {} }) {
  for (const place of form.querySelectorAll("[data-error-of]")) {
    const name = place.dataset.errorOf;
    const field = form.elements.namedItem(name);
    say(place, (fields[name] ?? []).join(" "));
    if (fields[name]) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }
  const invalid = form.querySelector("[aria-invalid]");
  say(formError, invalid ? "" : error);
  invalid?.focus();
}

function accept({ location: address, text }, key) {
  // Without a Location it is the newest: nearly always the reader's own.
  newestMade = address?.match(/\d+$/)?.[0] ?? text.match(/id="task-(\d+)"/)?.[1];
  trustOldAnswersFrom = performance.now() + 5000;
  showErrors({});
  showMade(fragment(text).getElementById("made-now").content.querySelector(".made"));
  if (!location.search || /^\?made=\d+$/.test(location.search)) show(text, true);
  if (keyField.value !== key) return; // The reader types the next one already.
  renewKey();
  first?.focus();
  first?.select?.();
}

async function submit(event) {
  event.preventDefault();
  if (button.ariaDisabled) return;
  button.ariaDisabled = "true";
  // Whatever goes wrong in here, the form can be used again.
  try {
    await deliver();
  } catch (error) {
    say(formError, texts.broken);
    throw error;
  } finally {
    button.ariaDisabled = null;
    say(progress, "");
  }
}

async function deliver() {
  say(progress, texts.sending);
  const key = keyField.value;
  const headers = { "X-Requested-With": "fetch", "Idempotency-Key": key };
  const request = { headers, body: new URLSearchParams(new FormData(form)) };
  const answer = await send(form.action, request, (text) => say(progress, text));
  if (!answer) showErrors({ error: texts.gaveUp });
  else if (answer.status !== 201) showErrors(problem(answer));
  else accept(answer, key);
}

form.addEventListener("submit", submit);
// Other values are another task, even if the server had taken the first ones and only its answer was lost.
form.addEventListener("input", renewKey);
