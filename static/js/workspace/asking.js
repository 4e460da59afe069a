// The workspace's dialogs: note, question, skip, report, mark the rest bad, zoom, help.
import { post } from "./post.js";
import { say } from "./words.js";

const dialog = (id) => document.getElementById(id);

// Opens a dialog with the focus where the answer is given, not on the button that closes it.
function open(box) {
  box.showModal();
  box.querySelector('textarea, input:not([type="hidden"]), .dialog__footer button:last-child')?.focus();
}

// Opens a dialog whose form has method="dialog"; resolves to whether it was confirmed, before any further key is heard.
function confirmed(box) {
  open(box);
  return new Promise((resolve) => {
    const settled = new AbortController();
    const settle = (isConfirmed) => {
      settled.abort();
      resolve(isConfirmed);
    };
    const { signal } = settled;
    const hear = (event) => {
      event.preventDefault();
      box.close();
      settle(event.submitter?.value === "save");
    };
    box.querySelector("form").addEventListener("submit", hear, { signal });
    // By Escape. The event of an earlier closing may come late, when the dialog is open again.
    box.addEventListener("close", () => !box.open && settle(false), { signal });
  });
}

export async function askNote(desk, caption) {
  const box = dialog("note-dialog");
  const field = box.querySelector("textarea");
  field.value = desk.noteOf(caption);
  if (await confirmed(box)) {
    desk.note(caption, field.value);
  }
  caption.element.focus({ preventScroll: true });
}

export async function askRestBad(desk, label) {
  const waiting = desk.captions.waiting.length;
  if (waiting === 0) {
    return;
  }
  const box = dialog("rest-dialog");
  const line = box.querySelector('[data-part="count"]');
  line.textContent = (waiting === 1 ? line.dataset.one : line.dataset.many).replace("%n", String(waiting));
  if (await confirmed(box)) {
    desk.markRestBad(label);
  }
}

// Sends a dialog's form; the dialog stays open, with everything written in it, until the server has taken it.
function askServer(box, ask, afterwards) {
  const form = box.querySelector("form");
  const refusal = box.querySelector(".form__refusal");
  const button = form.querySelector('.dialog__footer button:not([type="button"])');
  refusal.hidden = true;
  open(box);
  form.onsubmit = async (event) => {
    event.preventDefault();
    if (button.disabled) {
      return;
    }
    button.disabled = true;
    const answer = await post(form.action, ask(new FormData(form)));
    button.disabled = false;
    const isTaken = answer.kind === "taken";
    refusal.hidden = isTaken;
    refusal.textContent = isTaken ? "" : refusalOf(answer);
    if (isTaken) {
      form.reset();
      box.close();
      afterwards(answer.told);
    }
  };
}

function refusalOf(answer) {
  const words = document.getElementById("spoken").dataset;
  const notice = document.querySelector("#trouble-sign-in p");
  return { refused: answer.message, "sign-in": notice.textContent, unreachable: words.offline }[answer.kind];
}

export function askReport(desk, caption) {
  const box = dialog("report-dialog");
  box.querySelector('[data-part="caption"]').textContent = caption.text;
  const ask = (form) => {
    form.set("assignment", desk.assignment);
    form.set("version", caption.version);
    return form;
  };
  askServer(box, ask, () => {
    desk.afterReport(caption);
    say("reported", { aloud: true });
  });
}

export function askQuestion(desk, caption) {
  const box = dialog("ask-dialog");
  box.querySelector('[data-part="caption"]').textContent = caption.text;
  const ask = (form) => {
    form.set("assignment", desk.assignment);
    form.set("version", caption.version);
    return form;
  };
  askServer(box, ask, () => say("asked", { aloud: true }));
}

export function askSkip(desk, show) {
  const ask = (form) => {
    form.set("assignment", desk.assignment);
    return form;
  };
  askServer(dialog("skip-dialog"), ask, show);
}

export function toggleZoom() {
  const box = dialog("zoom");
  if (box.open) {
    box.close();
  } else {
    box.classList.remove("zoom--actual");
    box.showModal();
  }
}

export function showHelp() {
  const box = dialog("help-dialog");
  box.showModal();
  box.focus();
}
