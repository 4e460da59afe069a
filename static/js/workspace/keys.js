// Keys of the workspace. Single letters can be switched off, for those whose tools need the letters.
import { PREFIX, keep, recall } from "./storage.js";

const SETTING = `${PREFIX}single-keys`;

function isWriting(target) {
  return target instanceof HTMLElement && target.closest("textarea, input, select, [contenteditable]") !== null;
}

function isOnControl(target) {
  return target instanceof HTMLElement && target.closest("button, a, summary") !== null;
}

export function areSingleKeysOn() {
  return recall(SETTING) !== false;
}

export function rememberSingleKeys(box) {
  box.checked = areSingleKeysOn();
  box.addEventListener("change", () => keep(SETTING, box.checked));
}

// `acts` maps a key ("g", "arrowdown", "ctrl+z", "shift+b") to what it does.
export function listen(acts) {
  document.addEventListener("keydown", (event) => {
    const open = document.querySelector("dialog[open]");
    if (open) {
      pressInDialog(event, open, acts);
      return;
    }
    const name = nameOf(event);
    const act = acts[name];
    if (!act || isWriting(event.target) || (name === "enter" && isOnControl(event.target))) {
      return;
    }
    if (/^[a-z0-9?]$|^shift\+b$/.test(name) && !areSingleKeysOn()) {
      return;
    }
    event.preventDefault();
    act();
  });
}

function isSave(event) {
  return event.key === "Enter" && (event.ctrlKey || event.metaKey);
}

function pressInDialog(event, open, acts) {
  if (open.id === "zoom" && nameOf(event) === "z") {
    event.preventDefault();
    acts.z();
  } else if (open.id === "ask-dialog" && isSave(event)) {
    event.preventDefault();
    open.querySelector("form").requestSubmit();
  } else if (open.id === "note-dialog" && isSave(event)) {
    event.preventDefault();
    open.querySelector("form").requestSubmit(open.querySelector('button[value="save"]'));
  }
}

function nameOf(event) {
  const key = event.key.toLowerCase();
  if (event.altKey) {
    return "";
  }
  if (event.ctrlKey || event.metaKey) {
    return `ctrl+${key}`;
  }
  return event.shiftKey && /^[a-z]$/.test(key) ? `shift+${key}` : key;
}
