// Time at work: only while the page is visible and has the focus, and no pause counts for more than a minute.
const LONGEST_PAUSE_MS = 60_000;
const SIGNS_OF_WORK = ["keydown", "pointerdown", "pointermove", "wheel", "scroll", "input"];

export class Clock {
  #counted = 0;
  #since = null;
  #whenActive;

  constructor(whenActive = () => {}) {
    this.#whenActive = whenActive;
    for (const sign of SIGNS_OF_WORK) {
      addEventListener(sign, () => this.#notice(), { passive: true, capture: true });
    }
    addEventListener("focus", () => this.#begin());
    addEventListener("blur", () => this.#end());
    document.addEventListener("visibilitychange", () =>
      document.visibilityState === "visible" ? this.#begin() : this.#end(),
    );
    this.#begin();
  }

  get #isAttended() {
    return document.visibilityState === "visible" && document.hasFocus();
  }

  #begin() {
    if (this.#isAttended && this.#since === null) {
      this.#since = performance.now();
    }
  }

  #end() {
    this.#count();
    this.#since = null;
  }

  #count() {
    if (this.#since !== null) {
      const now = performance.now();
      this.#counted += Math.min(now - this.#since, LONGEST_PAUSE_MS);
      this.#since = now;
    }
  }

  #notice() {
    this.#begin();
    this.#count();
    this.#whenActive();
  }

  // The milliseconds at work since the last call.
  take() {
    this.#count();
    const taken = Math.round(this.#counted);
    this.#counted = 0;
    return taken;
  }
}
