// What the page says: to screen readers, in the save line, in notices. Texts come from the server.
import { toast } from "../toast.js";

const SAVING_SHOWN_AFTER_MS = 250;
let savingTimer = 0;

export function say(key, { aloud = false } = {}) {
  const spoken = document.getElementById("spoken");
  const text = spoken.dataset[key] ?? key;
  if (aloud) {
    toast(text);
  } else {
    spoken.textContent = text;
  }
}

export function paintSaveState({ state, waiting, message }) {
  clearTimeout(savingTimer);
  show("trouble-sign-in", state === "sign-in");
  show("trouble-stopped", state === "stopped", message);
  if (state === "saving") {
    savingTimer = setTimeout(() => writeState("saving", 0), SAVING_SHOWN_AFTER_MS);
  } else {
    writeState(state === "saved" ? "saved" : "offline", waiting);
  }
}

function writeState(state, waiting) {
  const line = document.getElementById("save-state");
  if (!line) {
    return;
  }
  const text = waiting ? `${line.dataset[state]}, ${waiting} ${line.dataset.waiting}` : line.dataset[state];
  line.dataset.state = state;
  const place = document.getElementById("save-state-text");
  if (place.textContent !== text) {
    place.textContent = text;
  }
}

function show(id, isShown, message = "") {
  const notice = document.getElementById(id);
  notice.hidden = !isShown;
  const place = notice.querySelector('[data-part="message"]');
  if (place && isShown) {
    place.textContent = message;
  }
}

export function paintRefused(entries) {
  const notice = document.getElementById("trouble-refused");
  notice.hidden = entries.length === 0;
  notice.querySelector('[data-part="list"]').replaceChildren(
    ...entries.map(({ text, item, message }) => {
      const line = document.createElement("li");
      line.textContent = `${item.edit?.text ?? text}: ${message}`;
      return line;
    }),
  );
}

// An answer that is not the hoped-for one: signed out, refused, or the server out of reach.
export function tellTrouble(answer) {
  if (answer.kind === "sign-in") {
    show("trouble-sign-in", true);
  } else if (answer.kind === "refused") {
    show("trouble-stopped", true, answer.message);
  } else {
    say("offline", { aloud: true });
  }
}
