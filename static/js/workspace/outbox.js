// Judgments on their way: each lies in the browser under a key of its own until the server has answered for
// it, and is sent again, in order, through a lost network, an expired session or a closed tab.
import { post } from "./post.js";
import { PREFIX, forget, keep, keysBelow, livesInMemoryOnly, recall } from "./storage.js";

const PORTION = 50;
const WAITS_MS = [1000, 2000, 4000, 8000, 15_000, 30_000];

export class Outbox extends EventTarget {
  #annotator;
  #flushing = null;
  #isAskedAgain = false;
  #failures = 0;
  #trouble = null;
  #troubleMessage = "";
  #timer = 0;

  // Which image is in work now, when the one after it is wanted with the next image handed in.
  beside = () => null;

  constructor(annotator) {
    super();
    this.#annotator = annotator;
    addEventListener("online", () => this.flush());
    addEventListener("focus", () => this.#failures > 0 && this.flush());
    addEventListener("beforeunload", (event) => {
      if (livesInMemoryOnly(this.#waitingPrefix)) {
        event.preventDefault();
      }
    });
  }

  get #waitingPrefix() {
    return `${PREFIX}outbox:${this.#annotator}:`;
  }

  get #refusedPrefix() {
    return `${PREFIX}refused:${this.#annotator}:`;
  }

  // Sequence numbers only rise: above all earlier ones of this browser, of the server, and by the clock, so that
  // two machines of one person stay in order too.
  nextSequence(batch, floor) {
    const key = `${PREFIX}sequence:${this.#annotator}:${batch}`;
    const next = Math.max(floor + 1, (recall(key) ?? 0) + 1, Date.now());
    keep(key, next);
    return next;
  }

  add(url, item, text) {
    keep(this.#waitingPrefix + item.id, { url, item, text });
    this.flush();
  }

  waiting() {
    return this.#under(this.#waitingPrefix);
  }

  refused() {
    return this.#under(this.#refusedPrefix);
  }

  dismissRefused() {
    keysBelow(this.#refusedPrefix).forEach(forget);
    this.#tell("refused", {});
  }

  #under(prefix) {
    return keysBelow(prefix)
      .map(recall)
      .filter((entry) => entry?.item)
      .sort((one, other) => one.item.sequence - other.item.sequence);
  }

  // Resolves to true once nothing waits any more, to false when something has to wait longer.
  flush() {
    if (this.#flushing) {
      this.#isAskedAgain = true;
      return this.#flushing;
    }
    clearTimeout(this.#timer);
    this.#flushing = this.#alone(() => this.#sendAll())
      .finally(() => {
        this.#flushing = null;
      })
      // Asked again after the last look, while the lock was given back: what came then is sent too.
      .then((isEmpty) => (isEmpty && this.#isAskedAgain ? this.flush() : isEmpty));
    return this.#flushing;
  }

  // One tab sends at a time; where the browser has no locks, sending twice does no harm.
  #alone(work) {
    return navigator.locks ? navigator.locks.request(this.#waitingPrefix, work) : work();
  }

  async #sendAll() {
    for (;;) {
      this.#isAskedAgain = false;
      const all = this.waiting();
      if (all.length === 0) {
        this.#forgetTrouble();
        this.#say("saved", 0);
        if (!this.#isAskedAgain) {
          return true;
        }
        continue;
      }
      // While something is in the way, the page goes on saying so; only the number that waits changes.
      this.#say(this.#trouble ?? "saving", all.length, this.#troubleMessage);
      if (!(await this.#sendPortion(all))) {
        return false;
      }
    }
  }

  async #sendPortion(all) {
    const { url } = all[0];
    const portion = all.filter((entry) => entry.url === url).slice(0, PORTION);
    const beside = portion.length === all.length && portion.at(-1).item.finish ? this.beside() : null;
    const answer = await post(url, {
      annotator: this.#annotator,
      judgments: portion.map((entry) => entry.item),
      ...(beside && { beside }),
    });
    if (answer.kind === "taken") {
      this.#forgetTrouble();
      this.#sort(answer.told.results, portion);
      if (answer.told.ahead) {
        this.#tell("ahead", { beside, fresh: answer.told.ahead });
      }
      return true;
    }
    this.#waitLonger(answer);
    return false;
  }

  #sort(results, portion) {
    const byId = new Map(results.map((result) => [result.id, result]));
    for (const entry of portion) {
      const result = byId.get(entry.item.id);
      if (!result) {
        continue;
      }
      if (result.state === "refused") {
        keep(this.#refusedPrefix + entry.item.id, { ...entry, message: result.message });
      }
      forget(this.#waitingPrefix + entry.item.id);
      this.#tell(result.state, entry);
    }
  }

  #waitLonger(answer) {
    const pause = WAITS_MS[Math.min(this.#failures, WAITS_MS.length - 1)];
    this.#failures += 1;
    this.#timer = setTimeout(() => this.flush(), pause);
    this.#trouble = { unreachable: "offline", "sign-in": "sign-in", refused: "stopped" }[answer.kind];
    this.#troubleMessage = answer.message ?? "";
    this.#say(this.#trouble, this.waiting().length, this.#troubleMessage);
  }

  #forgetTrouble() {
    this.#failures = 0;
    this.#trouble = null;
    this.#troubleMessage = "";
  }

  // Says that the work goes on, so that the image is not given to somebody else.
  renew(url, assignment) {
    return post(url, { annotator: this.#annotator, judgments: [], holding: assignment });
  }

  #say(state, waiting, message = "") {
    this.#tell("state", { state, waiting, message });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
