// Editing in place: the form takes the place of the caption's text, and shows live what changes.
import { paintDifference } from "./difference.js";

const PLACEHOLDER = "<person>";
// As in annotation/captions/editing.py; searched after every right placeholder has been taken out.
const MISSPELT =
  /<\s*\/?\s*\p{L}[^<>]{0,19}>|<\s*\/?\s*>|<\/?\p{L}|\p{L}\/?>|<\s*person\b|\bperson\s*>/iu;
const FEWEST_WORDS = 2;

export class Editor {
  #desk;
  #caption = null;
  #form = null;
  #label;

  constructor(desk, goodLabel) {
    this.#desk = desk;
    this.#label = goodLabel;
  }

  get isOpen() {
    return this.#form !== null;
  }

  get #textarea() {
    return this.#form.querySelector("textarea");
  }

  get #text() {
    return this.#textarea.value.replace(/\s+/g, " ").trim().normalize("NFC");
  }

  get #kinds() {
    return [...this.#form.querySelectorAll('[name="kinds"]:checked')].map((box) => box.value);
  }

  open(caption) {
    if (this.isOpen || !caption || caption.isReported) {
      return;
    }
    const template = document.getElementById("edit-template");
    this.#caption = caption;
    this.#form = template.content.cloneNode(true).querySelector("form");
    this.#fill(this.#desk.draftOf(caption) ?? caption.answer.edit ?? { text: caption.text, kinds: [] });
    this.#form.addEventListener("input", () => this.#noticeChange());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    this.#form.addEventListener("keydown", (event) => this.#press(event));
    this.#form.addEventListener("click", (event) => this.#click(event));
    caption.part("acts").before(this.#form);
    caption.part("text").hidden = true;
    caption.part("acts").hidden = true;
    this.#paint();
    this.#textarea.focus();
    this.#textarea.setSelectionRange(0, 0);
    this.#form.scrollIntoView({ block: "nearest" });
  }

  #fill({ text, kinds }) {
    this.#textarea.value = text;
    for (const box of this.#form.querySelectorAll('[name="kinds"]')) {
      box.checked = kinds.includes(box.value);
    }
  }

  #noticeChange() {
    this.#form.querySelector(".edit__error").hidden = true;
    this.#desk.keepDraft(this.#caption, { text: this.#textarea.value, kinds: this.#kinds });
    this.#paint();
  }

  #paint() {
    const place = this.#form.querySelector(".diff");
    place.hidden = this.#text === this.#caption.text;
    paintDifference(place, this.#caption.text, this.#text);
  }

  #press(event) {
    const digit = /^(?:Digit|Numpad)([1-6])$/.exec(event.code)?.[1];
    const isTyping = event.target === this.#textarea;
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      this.save();
    } else if (event.key === "Escape") {
      this.close();
    } else if (digit && (event.altKey || (isPlain && !isTyping))) {
      this.#form.querySelectorAll('[name="kinds"]')[Number(digit) - 1].click();
    } else if (event.code === "KeyP" && event.altKey) {
      this.#putPerson();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #click(event) {
    const act = event.target.closest("[data-act]")?.dataset.act;
    if (act === "person") {
      this.#putPerson();
    } else if (act === "leave-edit") {
      this.close();
    }
  }

  #putPerson() {
    const field = this.#textarea;
    const { selectionStart: from, selectionEnd: to, value } = field;
    const taken = value.slice(from, to);
    const tail = taken.length - taken.trimEnd().length;
    field.setRangeText(PLACEHOLDER + " ".repeat(tail), from, to, "end");
    this.#form.querySelector('[value="person"]').checked = true;
    field.focus();
    this.#noticeChange();
  }

  #complaint() {
    const text = this.#text;
    if (!text) {
      return "empty";
    }
    if (text === this.#caption.text) {
      return "unchanged";
    }
    if (text.split(" ").length < FEWEST_WORDS) {
      return "short";
    }
    if (MISSPELT.test(text.replaceAll(PLACEHOLDER, ""))) {
      return "placeholder";
    }
    return this.#kinds.length === 0 ? "kinds" : "";
  }

  save() {
    const complaint = this.#complaint();
    if (complaint) {
      const error = this.#form.querySelector(".edit__error");
      error.textContent = error.dataset[complaint];
      error.hidden = false;
      (complaint === "kinds" ? this.#form.querySelector('[name="kinds"]') : this.#textarea).focus();
      return;
    }
    const caption = this.#caption;
    const edit = { text: this.#text, kinds: this.#kinds };
    this.#desk.dropDraft(caption);
    this.close();
    this.#desk.judge(caption, this.#label, "key", edit);
  }

  close() {
    if (!this.isOpen) {
      return;
    }
    this.#form.remove();
    this.#form = null;
    this.#caption.part("text").hidden = false;
    this.#caption.part("acts").hidden = false;
    this.#caption.element.focus({ preventScroll: true });
    this.#caption = null;
  }
}
