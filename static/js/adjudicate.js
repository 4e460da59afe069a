// Adjudication by keyboard: the key of a label gives it, the right arrow leaves the pair for later.
document.addEventListener("keydown", (event) => {
  if (event.target.closest("textarea, input, select") || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const pair = document.getElementById("adjudicate-pair");
  if (!pair || pair.getAttribute("aria-busy") === "true") {
    return; // the answer of the last key is not there yet
  }
  const key = event.key.toLowerCase();
  const control = key === "arrowright" ? pair.querySelector('[data-act="skip"]') : pair.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (control) {
    event.preventDefault();
    control.click();
  }
});
