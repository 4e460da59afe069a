// One image on the desk: judging, taking back, handing in. Every act paints first and is saved behind.
import { Captions } from "./captions.js";
import { post } from "./post.js";
import { PREFIX, forget, keep, recall } from "./storage.js";
import { say, tellTrouble } from "./words.js";

export class Desk {
  #outbox;
  #clock;
  #undoable = [];
  #isLeaving = false;
  #floor;

  constructor(root, outbox, clock) {
    this.root = root;
    this.#outbox = outbox;
    this.#clock = clock;
    this.assignment = root.dataset.assignment ?? null;
    this.batch = root.dataset.batch;
    this.annotator = root.dataset.annotator;
    this.captions = new Captions(root);
    this.#floor = Number(root.dataset.sequence ?? 0);
    this.#undoable = this.captions.all
      .filter((caption) => caption.answer.label !== null)
      .sort((one, other) => one.sequence - other.sequence)
      .map((caption) => [{ caption, before: { label: null, note: caption.answer.note, edit: null } }]);
    this.#layWaitingOver();
    this.#paintFoot();
  }

  get isFinished() {
    return "finished" in this.root.dataset;
  }

  get isEmpty() {
    return this.assignment === null;
  }

  // Judgments of this image that the server has not answered for yet are shown as given.
  #layWaitingOver() {
    for (const { item } of this.#outbox.waiting()) {
      const caption = this.captions.of(item.version);
      if (caption) {
        this.#undoable.push([{ caption, before: caption.answer }]);
        caption.say({ label: item.label, note: item.note, edit: item.edit });
      }
    }
    const { active } = this.captions;
    if (active && !active.isWaiting) {
      this.captions.activate(this.captions.waiting[0] ?? active, { focus: false });
    }
  }

  judge(caption, label, mode, edit = null) {
    if (!caption || caption.isReported) {
      return;
    }
    this.#undoable.push([{ caption, before: caption.answer }]);
    this.#give(caption, { label, note: this.noteOf(caption), edit }, mode, this.#clock.take());
    this.#goOn(caption);
    this.#tell(caption, label);
  }

  // For those who do not see the mark: what was given, and how many wait.
  #tell(caption, label) {
    const given = caption.element.querySelector(`.judge__button[value="${CSS.escape(label)}"]`)?.dataset.name ?? "";
    const count = this.root.querySelector('.workspace__foot [data-part="count"]')?.textContent ?? "";
    say(`${given}. ${count}`);
  }

  #goOn(caption) {
    const next = this.captions.nextWaiting(caption);
    this.#paintFoot();
    if (next) {
      this.captions.activate(next);
    } else if (this.isFinished) {
      this.captions.move(1);
    } else {
      this.#offerNext();
    }
  }

  #offerNext() {
    this.captions.activate(null);
    this.root.querySelector('[data-act-form="finish"] button')?.focus();
    say("allJudged");
  }

  #give(caption, answer, mode, duration) {
    caption.say(answer);
    const item = {
      id: newId(),
      assignment: this.assignment,
      version: caption.version,
      label: answer.label,
      sequence: this.#outbox.nextSequence(this.batch, this.#floor),
      made_at: new Date().toISOString(),
      duration_ms: duration,
      mode,
      note: answer.label === null ? "" : answer.note,
      edit: answer.edit,
    };
    this.#floor = item.sequence;
    this.#outbox.add(this.root.dataset.judgmentsUrl, item, caption.text);
    forget(this.#draftKey(caption, "note"));
  }

  markRestBad(label) {
    const waiting = this.captions.waiting;
    this.#undoable.push(waiting.map((caption) => ({ caption, before: caption.answer })));
    let duration = this.#clock.take();
    for (const caption of waiting) {
      this.#give(caption, { label, note: this.noteOf(caption), edit: null }, "rest_bad", duration);
      duration = 0;
    }
    this.#paintFoot();
    this.#offerNext();
  }

  undo() {
    const last = this.#undoable.pop();
    if (!last) {
      say("nothingToUndo", { aloud: true });
      return;
    }
    const duration = this.#clock.take();
    last.forEach(({ caption, before }, at) => {
      if (before.label !== null || caption.answer.label !== null) {
        this.#give(caption, before, "key", at === 0 ? duration : 0);
      }
    });
    this.#paintFoot();
    this.captions.activate(last[0].caption);
    say("undone");
  }

  // A note on a caption that waits is a draft of the browser until the caption is judged.
  noteOf(caption) {
    return recall(this.#draftKey(caption, "note")) ?? caption.answer.note;
  }

  note(caption, text) {
    const note = text.trim();
    if (caption.answer.label === null) {
      keep(this.#draftKey(caption, "note"), note);
      caption.say({ ...caption.answer, note });
    } else {
      this.#undoable.push([{ caption, before: caption.answer }]);
      this.#give(caption, { ...caption.answer, note }, "key", this.#clock.take());
    }
  }

  recallDrafts() {
    for (const caption of this.captions.waiting) {
      const note = this.noteOf(caption);
      if (note) {
        caption.say({ ...caption.answer, note });
      }
    }
  }

  #draftKey(caption, what) {
    return `${PREFIX}draft:${this.annotator}:${this.batch}:${caption.version}:${what}`;
  }

  draftOf(caption) {
    return recall(this.#draftKey(caption, "edit"));
  }

  keepDraft(caption, draft) {
    keep(this.#draftKey(caption, "edit"), draft);
  }

  dropDraft(caption) {
    forget(this.#draftKey(caption, "edit"));
  }

  #paintFoot() {
    const foot = this.root.querySelector(".workspace__foot");
    if (!foot) {
      return;
    }
    const waiting = this.captions.waiting.length;
    const total = this.captions.all.length;
    const words = document.getElementById("spoken").dataset;
    const text = waiting === 0 ? words.allJudged : waiting === 1 ? words.waitsOne : words.waits;
    foot.querySelector('[data-part="count"]').textContent = text
      .replace("%n", String(waiting))
      .replace("%t", String(total));
    foot.querySelector('[data-act="rest-bad"]')?.toggleAttribute("hidden", waiting === 0);
    foot.querySelector('[data-act-form="finish"]').hidden = waiting !== 0;
  }

  afterReport(caption) {
    caption.report();
    this.#goOn(caption);
  }

  saved(entry) {
    const caption = this.captions.of(entry.item.version);
    if (caption) {
      caption.saved = { label: entry.item.label, note: entry.item.note, edit: entry.item.edit };
    }
  }

  // The painting goes back to what the server has; the words of a refused edit stay as a draft.
  refused(entry) {
    const caption = this.captions.of(entry.item.version);
    if (!caption) {
      return;
    }
    if (entry.item.edit) {
      this.keepDraft(caption, entry.item.edit);
    }
    // A later judgment of the same caption that is still on its way stays painted.
    const isLast = (other) => other.item.version !== entry.item.version || other.item.sequence <= entry.item.sequence;
    if (this.#outbox.waiting().every(isLast)) {
      caption.say(caption.saved);
    }
    this.#paintFoot();
  }

  // Leaves the image for the next one, which is here already; it is handed in behind, after its judgments.
  handInBehind() {
    if (this.#isLeaving || this.isFinished || this.captions.waiting.length > 0) {
      return false;
    }
    const item = {
      id: newId(),
      assignment: this.assignment,
      finish: true,
      sequence: this.#outbox.nextSequence(this.batch, this.#floor),
    };
    this.#outbox.add(this.root.dataset.judgmentsUrl, item, document.getElementById("spoken").dataset.handedIn);
    return true;
  }

  // Hands the image in once everything is saved; resolves to what the next desk is laid from, or to null.
  async finish() {
    if (this.#isLeaving || this.isFinished || this.captions.waiting.length > 0) {
      return null;
    }
    this.#isLeaving = true;
    try {
      if (!(await this.#outbox.flush())) {
        say("nextWaits", { aloud: true });
        return null;
      }
      return await this.#handIn();
    } finally {
      this.#isLeaving = false;
    }
  }

  async #handIn() {
    const form = new FormData(this.root.querySelector('[data-act-form="finish"]'));
    form.set("lays_desks", "on");
    const answer = await post(this.root.dataset.finishUrl, form);
    if (answer.kind === "taken") {
      return answer.told;
    }
    tellTrouble(answer);
    return null;
  }
}

function newId() {
  return crypto.randomUUID?.() ?? uuid4();
}

// crypto.randomUUID exists only where the page is served securely.
function uuid4() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
