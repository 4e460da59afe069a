// Adjudication by keyboard: the key of a label gives it, N opens the note, the right arrow leaves the pair for later.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.id === "final-note") {
    event.target.blur(); // so that the keys of the labels speak again
    return;
  }
  if (event.target.closest("textarea, input, select") || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const pair = document.getElementById("adjudicate-pair");
  if (!pair || pair.getAttribute("aria-busy") === "true") {
    return; // the answer of the last key is not there yet
  }
  const key = event.key.toLowerCase();
  if (key === "n") {
    event.preventDefault();
    const note = pair.querySelector('[data-act="note"]');
    note.open = true;
    note.querySelector("textarea").focus();
    return;
  }
  const control = key === "arrowright" ? pair.querySelector('[data-act="skip"]') : pair.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (control) {
    event.preventDefault();
    control.click();
  }
});
