// The captions on the desk: what the annotator said about each, and how that looks.
import { paintDifference } from "./difference.js";

export class Caption {
  constructor(element) {
    this.element = element;
    this.version = element.dataset.version;
    this.text = element.dataset.text;
    this.sequence = Number(element.dataset.sequence);
    this.isReported = "reported" in element.dataset;
    this.answer = {
      label: element.dataset.label ?? null,
      note: element.dataset.note ?? "",
      edit: element.dataset.edit
        ? { text: element.dataset.edit, kinds: element.dataset.kinds.split(" ").filter(Boolean) }
        : null,
    };
    // What the server has: the painting goes back to it when a judgment is refused.
    this.saved = this.answer;
  }

  get isWaiting() {
    return this.answer.label === null && !this.isReported;
  }

  part(name) {
    return this.element.querySelector(`[data-part="${name}"]`);
  }

  say(answer) {
    this.answer = answer;
    this.paint();
  }

  report() {
    this.isReported = true;
    this.element.dataset.reported = "";
    this.part("reported").hidden = false;
    this.part("acts")?.remove();
  }

  paint() {
    const { label, note, edit } = this.answer;
    if (label === null) {
      delete this.element.dataset.label;
    } else {
      this.element.dataset.label = label;
    }
    const mark = document.querySelector(`template[data-mark="${label ?? ""}"]`);
    this.part("mark").replaceChildren(mark.content.cloneNode(true));
    if (edit) {
      paintDifference(this.part("text"), this.text, edit.text);
    } else {
      this.part("text").textContent = this.text;
    }
    this.part("note").hidden = !note;
    this.part("note-text").textContent = note;
    for (const button of this.element.querySelectorAll(".judge__button")) {
      button.setAttribute("aria-pressed", String(button.value === label && !edit));
    }
  }
}

export class Captions {
  constructor(desk) {
    this.all = [...desk.querySelectorAll(".caption")].map((element) => new Caption(element));
  }

  get active() {
    return this.all.find((caption) => caption.element.getAttribute("aria-current") === "true") ?? null;
  }

  get waiting() {
    return this.all.filter((caption) => caption.isWaiting);
  }

  of(version) {
    return this.all.find((caption) => caption.version === version) ?? null;
  }

  holding(node) {
    return this.all.find((caption) => caption.element.contains(node)) ?? null;
  }

  activate(caption, { focus = true } = {}) {
    for (const other of this.all) {
      if (other !== caption) {
        other.element.removeAttribute("aria-current");
      }
    }
    if (!caption) {
      return;
    }
    caption.element.setAttribute("aria-current", "true");
    if (focus) {
      caption.element.focus({ preventScroll: true });
    }
    caption.element.scrollIntoView({ block: "nearest" });
  }

  move(step) {
    const usable = this.all.filter((caption) => !caption.isReported);
    const at = usable.indexOf(this.active);
    const next = at < 0 ? (step > 0 ? usable[0] : usable.at(-1)) : usable[at + step];
    if (next) {
      this.activate(next);
    }
  }

  // The next caption that waits, from the given one downwards and then from the top.
  nextWaiting(caption) {
    const at = this.all.indexOf(caption);
    const round = [...this.all.slice(at + 1), ...this.all.slice(0, at + 1)];
    return round.find((other) => other.isWaiting) ?? null;
  }
}
