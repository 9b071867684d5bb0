// A CSV file chosen or dropped anywhere on the page, and the errors of its lines.
"use strict";

const upload = byId("upload");
const [file, uploadError, uploadProgress] = ["file", "upload-error", "upload-progress"].map(byId);
const [uploadButton, uploadKey] = ["button", "[name=idempotency_key]"].map((selector) => upload.querySelector(selector));
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

// Which tab is open is in the address, so that it works without a script; this tells those who cannot see it.
function tellTab() {
  const file = location.hash === "#from-file";
  byId("tab-one").toggleAttribute("aria-current", !file);
  byId("tab-file").toggleAttribute("aria-current", file);
}

// A file may be dropped anywhere; without these the browser would leave the page and show the file.
const hasFile = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => {
  if (!hasFile(event)) return;
  event.preventDefault();
  location.hash = "#from-file";
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
addEventListener("hashchange", tellTab);
tellTab();
