// Installing the app and its new versions. A new one starts between two scans: by its button, or when the app is opened.

const CHECK_EVERY_MS = 30 * 60 * 1000;

export class Updates extends EventTarget {
  isWaiting = false;
  #registration = null;
  #isStarting = false;

  /** Install the app, if the page was opened securely. `isIdle` says whether a version that waits may start by itself. */
  async start(isIdle) {
    if (!navigator.serviceWorker) return;
    const page = document.body.dataset.app;
    navigator.serviceWorker.addEventListener("controllerchange", () => this.#isStarting && location.reload());
    this.#registration = await navigator.serviceWorker.register(`${page}/worker.js`, { scope: page, updateViaCache: "none" });
    this.#registration.addEventListener("updatefound", () => this.#watch());
    if (this.#registration.waiting) this.#waits(isIdle());
    setInterval(() => this.#registration.update().catch(() => {}), CHECK_EVERY_MS);
  }

  #watch() {
    const coming = this.#registration.installing;
    coming.addEventListener("statechange", () => coming.state === "installed" && navigator.serviceWorker.controller && this.#waits(false));
  }

  #waits(mayStart) {
    this.isWaiting = true;
    this.dispatchEvent(new Event("change"));
    if (mayStart) this.install();
  }

  install() {
    this.#isStarting = true;
    this.#registration?.waiting?.postMessage("start");
  }
}
