// Keeping phone and server the same: what was scanned goes out, what others handed out comes in.

import * as api from "./api.js";
import * as storage from "./storage.js";
import { asItem } from "./scans.js";

const EVERY_MS = 15_000;
const AT_ONCE = 50; // with the longest names still less than the gateway takes
const STOCK_EVERY_MS = 60_000;

/** Whether the server answered last. After a failure no scan waits for it until it has answered again. */
export class Network extends EventTarget {
  isUp = navigator.onLine;
  lastSync = null;

  constructor() {
    super();
    addEventListener("offline", () => this.failed());
  }

  answered() {
    this.#become(true);
  }

  failed() {
    this.#become(false);
  }

  #become(isUp) {
    if (this.isUp === isUp) return;
    this.isUp = isUp;
    this.dispatchEvent(new Event("change"));
  }
}

/** Synchronises by itself; `onEnd` hears that the session is over, `onChange` that something came in. */
export class Sync {
  #running = null;
  #stockAt = 0;
  conflicts = [];
  clockOffset = 0;
  sizes = [];

  constructor({ roster, scans, network, session, onChange, onEnd }) {
    Object.assign(this, { roster, scans, network, session, onChange, onEnd });
  }

  async start() {
    const kept = await storage.read("roster");
    this.network.lastSync = kept?.fetched_at ?? null;
    this.conflicts = (await storage.read("conflicts")) ?? [];
    this.sizes = (await storage.read("sizes")) ?? [];
    setInterval(() => document.hidden || this.now(), EVERY_MS);
    addEventListener("online", () => this.now());
    document.addEventListener("visibilitychange", () => document.hidden || this.now());
    return this.now();
  }

  /** Synchronise; at once if it is not being done, and once more if it is. */
  now() {
    if (this.#running) return (this.#again ??= this.#running.then(() => ((this.#again = null), this.now())));
    this.#running = this.#synchronise().finally(() => (this.#running = null));
    return this.#running;
  }

  #again = null;

  async #synchronise() {
    if (!this.session.token) return;
    try {
      const isRevoked = await this.#send();
      if (isRevoked) return this.onEnd("device_revoked");
      await this.#fetch();
      this.network.answered();
      await this.#lookAround();
    } catch (problem) {
      this.#note(problem);
    } finally {
      this.onChange();
    }
  }

  async #send() {
    let isRevoked = false;
    for (let scans = this.scans.unsent(); scans.length && !isRevoked; scans = this.scans.unsent()) {
      const sent = scans.slice(0, AT_ONCE).map((each) => ({ ...each }));
      const answer = await api.sendScans(this.session.token, sent.map(asItem));
      this.clockOffset = answer.clock_offset_seconds;
      await this.scans.takeResults(sent, answer.items);
      isRevoked = answer.device_revoked;
    }
    return isRevoked;
  }

  async #fetch() {
    const askedAt = new Date().toISOString();
    const kept = await storage.read("roster");
    const found = await api.snapshot(this.session.token, kept?.version);
    await storage.keepRoster(found, askedAt);
    this.roster.apply(found);
    await this.scans.settle(askedAt);
    this.network.lastSync = askedAt;
  }

  /** Conflicts and stock are worth knowing; without them the phone works. */
  async #lookAround() {
    this.conflicts = (await api.openConflicts(this.session.token)).items;
    await storage.keep("conflicts", this.conflicts);
    const eventId = this.session.station.event_id;
    if (!eventId || Date.now() - this.#stockAt < STOCK_EVERY_MS) return;
    this.sizes = (await api.stock(this.session.token, eventId)).sizes;
    this.#stockAt = Date.now();
    await storage.keep("sizes", this.sizes);
  }

  #note(problem) {
    if (problem instanceof api.NoAnswer) return this.network.failed();
    if (problem instanceof api.Refusal && problem.status === 401) return this.onEnd(problem.code);
    if (problem instanceof api.Refusal) return console.warn(problem.code);
    throw problem;
  }
}
