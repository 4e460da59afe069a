// One pair: keys G and B, the time for which the page was in front, the next image, one submit only, and none while
// the network is gone: the page would give way to the browser's own.
import { toastKnown } from "../toast.js";

const form = document.getElementById("answers");
const field = document.getElementById("focused-ms");

let focusedMs = 0;
let since = null;

function inFront() {
  return document.visibilityState === "visible" && document.hasFocus();
}

function tick() {
  const now = performance.now();
  if (since !== null) {
    focusedMs += now - since;
  }
  since = inFront() ? now : null;
}

for (const name of ["focus", "blur", "pageshow"]) {
  window.addEventListener(name, tick);
}
document.addEventListener("visibilitychange", tick);
tick();

let isSent = false;
form.addEventListener("submit", (event) => {
  if (isSent) {
    event.preventDefault();
    return;
  }
  if (!window.navigator.onLine) {
    event.preventDefault();
    toastKnown("offline");
    return;
  }
  isSent = true;
  tick();
  field.value = String(Math.round(focusedMs));
});

// The browser may show this page again from its memory; the server then says what is next.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    window.location.reload();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) {
    return;
  }
  const button = form.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (button) {
    event.preventDefault();
    form.requestSubmit(button);
  }
});

if (form.dataset.following) {
  new Image().src = form.dataset.following;
}
