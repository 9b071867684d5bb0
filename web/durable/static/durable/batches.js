// Batches: a CSV file chosen or dropped anywhere on the page, the errors of its lines, and the progress of what runs.
"use strict";

const upload = byId("upload");
const [file, uploadError, uploadProgress, recent, panels] = ["file", "upload-error", "upload-progress", "recent", "batches"].map(byId);
const [uploadButton, uploadKey] = ["button", "[name=idempotency_key]"].map((selector) => upload.querySelector(selector));
const cancelBatch = byId("cancel-batch");
const [LARGEST, PATIENCE] = [10 * 1024 * 1024, 60_000]; // bytes; milliseconds, since a large file takes seconds to check

function showUploadErrors({ error = "", lines = [] }) {
  const items = lines.map(({ line, error: why }) => {
    const item = document.createElement("li");
    item.textContent = fill(texts.line, { n: line, error: why });
    return item;
  });
  const sentence = document.createElement("p");
  sentence.className = "form-error";
  sentence.textContent = error;
  const listOfLines = document.createElement("ul");
  listOfLines.className = "lines";
  listOfLines.append(...items);
  uploadError.replaceChildren(...(error ? [sentence] : []), ...(items.length ? [listOfLines] : []));
}

function newUploadKey() {
  uploadKey.value = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

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

async function sendFile(event) {
  event.preventDefault();
  if (uploadButton.ariaDisabled || !file.files.length) return;
  if (file.files[0].size > LARGEST) return showUploadErrors({ error: texts.tooLarge });
  uploadButton.ariaDisabled = "true";
  try {
    await deliverFile();
  } catch (error) {
    say(uploadProgress, "");
    showUploadErrors({ error: texts.broken });
    throw error;
  } finally {
    uploadButton.ariaDisabled = null;
  }
}

async function deliverFile() {
  showUploadErrors({});
  say(uploadProgress, texts.uploading);
  const request = { headers: { "X-Requested-With": "fetch", "Idempotency-Key": uploadKey.value }, body: new FormData(upload), patience: PATIENCE };
  const answer = await send(upload.action, request, (text) => say(uploadProgress, text));
  say(uploadProgress, "");
  if (!answer) showUploadErrors({ error: texts.noAnswer });
  else if (answer.status !== 201) showUploadErrors(problem(answer));
  else {
    const made = showBatch(answer.text);
    say(uploadProgress, fill(texts.uploaded, { id: made.id.replace("batch-", "") }));
    upload.reset();
    newUploadKey();
  }
}

async function cancelRest(event) {
  event.preventDefault();
  const body = new URLSearchParams(new FormData(cancelBatch, event.submitter));
  const answer = await post(cancelBatch.action, { headers: { "X-Requested-With": "fetch" }, body, patience: PATIENCE }).catch(() => null);
  if (answer?.status === 200) showBatch(answer.text);
  else showUploadErrors({ error: answer ? problem(answer).error : texts.noAnswer });
}

async function renewBatches() {
  for (const batch of recent.querySelectorAll("[data-running]")) showBatch(await (await get(batch.dataset.url)).text());
}

// A file may be dropped anywhere; without these the browser would leave the page and show the file.
const hasFile = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => {
  if (!hasFile(event)) return;
  event.preventDefault();
  panels.open = true;
  upload.classList.add("drop");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) upload.classList.remove("drop");
});
addEventListener("drop", (event) => {
  if (!hasFile(event)) return;
  event.preventDefault();
  upload.classList.remove("drop");
  file.files = event.dataTransfer.files;
  file.dispatchEvent(new Event("change"));
  upload.requestSubmit();
});

upload.addEventListener("submit", sendFile);
file.addEventListener("change", newUploadKey); // another file is another batch
cancelBatch.addEventListener("submit", cancelRest);
keepAsking(renewBatches, 1000);
