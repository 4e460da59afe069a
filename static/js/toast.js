// Short messages at the foot of the window, read out by screen readers. Texts come from the server
// (data attributes of #toasts), so that they are translated.
const SHOWN_MS = 6000;

export function toast(text) {
  const region = document.getElementById("toasts");
  if (!region || !text) {
    return;
  }
  const line = document.createElement("p");
  line.className = "toast";
  line.textContent = text;
  region.append(line);
  setTimeout(() => line.remove(), SHOWN_MS);
}

export function toastKnown(key, detail = "") {
  const text = document.getElementById("toasts")?.dataset[key];
  toast(text && detail ? `${text} (${detail})` : text);
}
