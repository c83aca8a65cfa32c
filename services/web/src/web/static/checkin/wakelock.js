// Keeping the screen on while this phone hands packs out: by its camera, a scanner or the keyboard.

const GESTURES = ["click", "keydown"];

/** A lock that keeps the screen on. Browsers without one, or that refuse it, switch the screen off as the phone is set. */
export class WakeLock {
  #lock = null;
  #isWanted = false;
  #last = Promise.resolve();

  /** Browsers take the lock back when the page is hidden; Safari gives the first one only after a tap or a key. */
  constructor() {
    document.addEventListener("visibilitychange", () => this.#update());
    for (const gesture of GESTURES) addEventListener(gesture, () => this.#isMissing && this.#update(), { capture: true });
  }

  /** Keep the screen on whenever the page is visible, until `release`. */
  hold() {
    this.#isWanted = true;
    return this.#update();
  }

  release() {
    this.#isWanted = false;
    return this.#update();
  }

  get #isHeld() {
    return this.#lock !== null && !this.#lock.released;
  }

  get #isMissing() {
    return this.#isWanted && !document.hidden && !this.#isHeld;
  }

  /** One change after the other: a lock may be given when the page is hidden again. */
  #update() {
    this.#last = this.#last.then(() => this.#change());
    return this.#last;
  }

  async #change() {
    if (this.#isMissing) this.#lock = await ask();
    else if (this.#isHeld && (!this.#isWanted || document.hidden)) await this.#giveBack();
  }

  async #giveBack() {
    const lock = this.#lock;
    this.#lock = null;
    await lock.release().catch(() => {});
  }
}

async function ask() {
  try {
    return (await navigator.wakeLock?.request("screen")) ?? null;
  } catch {
    return null; // a low battery, or no gesture yet
  }
}
