// The workspace: puts the desk, the outbox, the clock and the keys together.
import { askNote, askQuestion, askReport, askRestBad, askSkip, showHelp, toggleZoom } from "./asking.js";
import { Clock } from "./clock.js";
import { Desk } from "./desk.js";
import { Editor } from "./editing.js";
import { freshDesk, movedOn, pictureOf } from "./fresh.js";
import { listen, rememberSingleKeys } from "./keys.js";
import { Outbox } from "./outbox.js";
import { post } from "./post.js";
import { paintRefused, paintSaveState } from "./words.js";

const RENEW_MS = 4 * 60_000;
const AHEAD_AFTER_MS = 300;

const first = document.getElementById("desk");
const outbox = new Outbox(first.dataset.annotator);
const clock = new Clock(renewNowAndThen);
let renewedAt = performance.now();
let desk = null;
let editor = null;
let wantsNext = false;
// The desk of the image after this one: claimed and laid while this one is judged.
let ahead = null;

function labelMeaning(meaning) {
  return document.querySelector(`.judge__button[data-meaning="${meaning}"]`)?.value ?? null;
}

function lay(root) {
  desk = new Desk(root, outbox, clock);
  editor = new Editor(desk, labelMeaning("good"));
  desk.recallDrafts();
  renewedAt = performance.now();
  ahead = null;
  if (!desk.isEmpty && !desk.isFinished) {
    setTimeout(loadAhead, AHEAD_AFTER_MS, root);
  }
}

// `told` holds the next desk: as HTML where the server laid it, else what goes into the page's blank desk.
function open({ html = "", desk: fresh = null }) {
  const place = document.getElementById("desk");
  const judged = desk.captions.all.filter((caption) => caption.answer.label !== null).length;
  if (fresh) {
    const root = freshDesk(fresh);
    root.prepend(movedOn(place.querySelector(".workspace__bar"), place));
    place.replaceWith(root);
  } else {
    place.insertAdjacentHTML("afterend", html);
    place.remove();
  }
  tellJudged(judged);
  clock.take();
  lay(document.getElementById("desk"));
  if (desk.root.dataset.workspaceUrl) {
    history.replaceState(null, "", desk.root.dataset.workspaceUrl);
  }
  desk.captions.activate(desk.captions.active);
  outbox.flush();
}

// The image just left heads the list of previous ones; the server does not know yet how much of it was judged.
function tellJudged(n) {
  const told = document.querySelector('.previous [data-part="judged"]');
  if (told) {
    told.textContent = told.dataset.words.replace("%n", String(n));
  }
}

async function next() {
  if (desk.isEmpty || desk.isFinished || desk.captions.waiting.length > 0) {
    return;
  }
  if (isReady() && desk.handInBehind()) {
    open(ahead);
    return;
  }
  wantsNext = true;
  const told = await desk.finish();
  if (told) {
    wantsNext = false;
    open(told);
  }
}

function isReady() {
  return Boolean(ahead?.html || ahead?.desk);
}

function prepare(told, image) {
  ahead = told;
  if (image) {
    new Image().src = image;
  }
}

async function loadAhead(root) {
  // What came before is handed in first: until then the server takes that image for the one in hand.
  if (desk.root !== root || ahead || outbox.waiting().length > 0) {
    return;
  }
  ahead = {};
  const form = new FormData();
  form.set("assignment", root.dataset.assignment);
  const answer = await post(root.dataset.aheadUrl, form);
  if (answer.kind === "taken" && desk.root === root) {
    prepare({ html: answer.told.html }, answer.told.image);
  }
}

// Handing an image in may bring the one after this along.
outbox.beside = () => (desk.isEmpty || desk.isFinished || isReady() ? null : desk.assignment);
outbox.addEventListener("ahead", ({ detail }) => {
  if (detail.beside === desk.assignment) {
    prepare({ desk: detail.fresh }, pictureOf(detail.fresh));
  }
});

function renewNowAndThen() {
  const now = performance.now();
  if (desk && !desk.isEmpty && !desk.isFinished && now - renewedAt > RENEW_MS) {
    renewedAt = now;
    outbox.renew(desk.root.dataset.judgmentsUrl, desk.assignment);
  }
}

outbox.addEventListener("state", ({ detail }) => {
  paintSaveState(detail);
  if (detail.state !== "saved") {
    return;
  }
  if (wantsNext) {
    next();
  } else if (!desk.isEmpty && !desk.isFinished) {
    loadAhead(desk.root);
  }
});
outbox.addEventListener("saved", ({ detail }) => desk?.saved(detail));
outbox.addEventListener("refused", ({ detail }) => {
  if (detail.item) {
    wantsNext = false;
    desk?.refused(detail);
  }
  paintRefused(outbox.refused());
});

const onActive = (act) => () => {
  const caption = desk.captions.active;
  if (caption && !caption.isReported && !editor.isOpen) {
    act(caption);
  }
};

const ACTS = {
  edit: onActive((caption) => document.querySelector('[data-act="edit"]') && editor.open(caption)),
  note: onActive((caption) => askNote(desk, caption)),
  ask: onActive((caption) => askQuestion(desk, caption)),
  report: onActive((caption) => askReport(desk, caption)),
  skip: () => !desk.isEmpty && !desk.isFinished && askSkip(desk, open),
  zoom: () => !desk.isEmpty && toggleZoom(),
  help: showHelp,
  "rest-bad": () => !desk.isFinished && document.getElementById("rest-dialog") && askRestBad(desk, labelMeaning("bad")),
  "dismiss-refused": () => outbox.dismissRefused(),
};

const KEYS = {
  j: () => desk.captions.move(1),
  k: () => desk.captions.move(-1),
  arrowdown: () => desk.captions.move(1),
  arrowup: () => desk.captions.move(-1),
  e: ACTS.edit,
  n: ACTS.note,
  q: ACTS.ask,
  r: ACTS.report,
  s: ACTS.skip,
  z: ACTS.zoom,
  "?": ACTS.help,
  "shift+b": ACTS["rest-bad"],
  "ctrl+z": () => desk.undo(),
  enter: next,
};

lay(first);
for (const button of document.querySelectorAll(".caption:first-child .judge__button")) {
  KEYS[button.dataset.key] = onActive((caption) => desk.judge(caption, button.value, "key"));
}
listen(KEYS);
rememberSingleKeys(document.getElementById("single-keys"));

document.addEventListener("click", (event) => {
  if (event.target.closest(".zoom__scroll img")) {
    event.target.closest(".zoom").classList.toggle("zoom--actual");
    return;
  }
  const caption = desk.captions.holding(event.target);
  if (caption && !caption.isReported && desk.captions.active !== caption && !editor.isOpen) {
    // A precedent opens at the first click; all else first makes the caption the active one.
    if (!event.target.closest("summary")) {
      event.preventDefault();
    }
    desk.captions.activate(caption);
    return;
  }
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (ACTS[act]) {
    // Without scripts some of these are links to a page of their own.
    event.preventDefault();
    ACTS[act]();
  }
});

document.addEventListener("submit", (event) => {
  if (event.target.matches(".judge")) {
    event.preventDefault();
    desk.judge(desk.captions.holding(event.target), event.submitter.value, "pointer");
  } else if (event.target.matches('[data-act-form="finish"]')) {
    event.preventDefault();
    next();
  }
});

paintRefused(outbox.refused());
outbox.flush();
if (!desk.isEmpty && desk.captions.active) {
  desk.captions.activate(desk.captions.active);
}
