// Keeping phone and server the same: what was scanned goes out, what others handed out comes in.

import * as api from "./api.js";
import * as storage from "./storage.js";
import { asItem } from "./scans.js";

const EVERY_MS = 15_000;
const AT_ONCE = 50; // with the longest names still less than the gateway takes
const WRONG = [400, 409, 413, 422];
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

  /** Synchronise now and, from the first call on, by itself. */
  async start() {
    const kept = await storage.read("roster");
    this.network.lastSync = kept?.fetched_at ?? null;
    this.conflicts = (await storage.read("conflicts")) ?? [];
    this.sizes = (await storage.read("sizes")) ?? [];
    if (!this.#isStarted) this.#goOn();
    return this.now();
  }

  #isStarted = false;

  #goOn() {
    this.#isStarted = true;
    setInterval(() => document.hidden || this.now(), EVERY_MS);
    addEventListener("online", () => this.now());
    document.addEventListener("visibilitychange", () => document.hidden || this.now());
  }

  /** Synchronise; at once if it is not being done, and once more if it is. */
  now() {
    if (this.#running) return (this.#again ??= this.#running.then(() => ((this.#again = null), this.now())));
    this.#running = this.#synchronise().finally(() => (this.#running = null));
    return this.#running;
  }

  #again = null;

  /** Synchronise because a person asks for it: the stock, too. */
  everything() {
    this.#stockAt = 0;
    return this.now();
  }

  /** Each part is done even if the one before failed: a scan that is not taken must not keep the roster old. */
  async #synchronise() {
    await this.#attempt(() => this.#send());
    const fetchedAt = this.session.token && (await this.#attempt(() => this.#fetch()));
    if (this.session.token && this.network.isUp) await this.#attempt(() => this.#lookAround());
    if (fetchedAt) this.network.lastSync = fetchedAt;
    this.onChange();
  }

  async #attempt(part) {
    try {
      return await part();
    } catch (problem) {
      await this.#note(problem);
      return null;
    }
  }

  /** Send what waits, each scan in the name of the session that made it. */
  async #send() {
    const unsent = this.scans.unsent();
    for (const token of new Set(unsent.map((scan) => scan.token))) {
      const own = unsent.filter((scan) => scan.token === token);
      for (let at = 0; at < own.length; at += AT_ONCE) await this.#sendSome(token, own.slice(at, at + AT_ONCE).map((each) => ({ ...each })));
    }
  }

  async #sendSome(token, sent) {
    try {
      await this.#take(token, sent, await api.sendScans(token, sent.map(asItem)));
    } catch (problem) {
      if (problem.status === 401 && token !== this.session.token) return this.#setAside(sent);
      const isWrong = problem instanceof api.Refusal && WRONG.includes(problem.status);
      if (!isWrong) throw problem;
      if (sent.length === 1) return this.#setAside(sent);
      for (const scan of sent) await this.#sendSome(token, [scan]);
    }
  }

  async #setAside(sent) {
    this.network.answered();
    for (const scan of sent) await this.scans.setAside(scan);
  }

  async #take(token, sent, answer) {
    this.network.answered();
    this.clockOffset = answer.clock_offset_seconds;
    await this.scans.takeResults(sent, answer.items);
    const refused = answer.items.filter((item) => item.result === "conflict").length;
    if (answer.device_revoked && token === this.session.token) await this.onEnd("device_revoked", refused);
  }

  async #fetch() {
    const askedAt = new Date().toISOString();
    const kept = await storage.read("roster");
    const found = await api.snapshot(this.session.token, kept?.version);
    this.network.answered();
    await this.session.follow(found);
    await storage.keepRoster(found, askedAt);
    this.roster.apply(found);
    await this.scans.settle(askedAt);
    return askedAt;
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

  async #note(problem) {
    if (problem instanceof api.NoAnswer) return this.network.failed();
    if (!(problem instanceof api.Refusal)) return console.error(problem);
    this.network.answered();
    if (problem.status === 401) return this.onEnd(problem.code);
    console.warn(problem.code);
  }
}
