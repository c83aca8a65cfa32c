// Handing packs out. A scan is on the phone's disk before the screen is green, and the server decides while it answers:
// without it the phone decides by its roster, and the server merges the scan later.

import * as api from "./api.js";
import * as storage from "./storage.js";
import { ASKED, CHANGED, DONE, UNSENT, WAITING } from "./storage.js";

const PATIENCE_SECONDS = 1.5;
const SHOWN = ["full_name", "bib_number", "category_name", "jersey_size", "registration_number"];
const NOT_HANDED_OUT = { already_checked_in: "already", unknown_ticket: "unknown", not_valid: "not_valid", other_event: "other_event" };
export const NO_REMARKS = { collected_by: null, letter_seen: null, identity_seen: null, handed_size: null };

/** Return the SHA-256 of a ticket's code as the roster has it; null where the browser cannot, without HTTPS. */
export async function hashOf(code) {
  if (!globalThis.crypto?.subtle) return null;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code.trim().toLowerCase()));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const now = () => new Date().toISOString();

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The scans of this phone, in memory and on disk. `network.isUp` says whether the server answered last. */
export class Scans {
  #scans = new Map();

  constructor(roster, network, session) {
    this.roster = roster;
    this.network = network;
    this.session = session;
  }

  async load() {
    for (const scan of await storage.scans()) this.#remember(scan);
  }

  #remember(scan) {
    this.#scans.set(scan.key, scan);
    if (this.#counts(scan)) this.roster.note(scan.participant_id, holderOf(scan));
  }

  /** Whether a scan says more about its pack than the roster: until a snapshot that was asked for after it. */
  #counts(scan) {
    return scan.participant_id && (scan.state === WAITING || (!scan.isSettled && scan.result === "handed_out"));
  }

  unsent() {
    return this.newestFirst().filter((scan) => UNSENT.includes(scan.state)).reverse();
  }

  newestFirst() {
    const given = [...this.#scans.values()].filter((scan) => scan.state !== ASKED);
    return given.sort((one, other) => other.scanned_at.localeCompare(one.scanned_at));
  }

  /**
   * Hand a pack out and return the verdict. `wanted` has the ticket's `code`, or the `entry` of the roster.
   * Kinds: handed_out, already, not_valid, unknown, other_event, not_stored, signed_out, refused.
   */
  async handOut(wanted, remarks = NO_REMARKS) {
    const entry = wanted.entry ?? (await this.entryOf(wanted.code));
    const scan = this.#begun(entry, wanted.code) ?? this.#begin(entry, wanted.code, remarks);
    try {
      await storage.keepScan(scan);
    } catch {
      return { kind: "not_stored", entry };
    }
    this.#scans.set(scan.key, scan);
    return (this.network.isUp && (await this.#askServer(scan, entry))) || this.#decide(scan, entry);
  }

  async entryOf(code) {
    const hash = await hashOf(code);
    return hash ? this.roster.byTicket(hash) : undefined;
  }

  /** Return a scan of the same pack that was asked for and never got a verdict: its key may have been answered. */
  #begun(entry, code) {
    const same = (scan) => (entry ? scan.participant_id === entry.participant_id : scan.ticket_code === code);
    return [...this.#scans.values()].find((scan) => scan.state === ASKED && same(scan));
  }

  #begin(entry, code, remarks) {
    return {
      key: newKey(),
      ticket_code: entry ? null : code,
      participant_id: entry?.participant_id ?? null,
      scanned_at: now(),
      ...shownOf(entry),
      ...remarks,
      handed_size: remarks.handed_size === entry?.jersey_size ? null : remarks.handed_size,
      revision: 0,
      state: ASKED,
      result: null,
      isSettled: false,
      place: this.session.station,
    };
  }

  /** Ask the server; null if it does not answer in time. Whatever it says stands. */
  async #askServer(scan, entry) {
    try {
      const given = await api.checkIn(this.session.token, scan.key, askedBody(scan), PATIENCE_SECONDS);
      this.network.answered();
      return await this.#confirmed(scan, given, entry);
    } catch (problem) {
      if (problem instanceof api.NoAnswer) this.network.failed();
      return problem instanceof api.Refusal ? this.#refused(scan, problem, entry) : null;
    }
  }

  async #confirmed(scan, given, entry) {
    Object.assign(scan, shownOf(given), { participant_id: given.participant_id, state: DONE, result: "handed_out", scanned_at: given.checked_in_at, sentAt: now() });
    this.#remember(scan);
    await this.#keepIfPossible(scan);
    return { kind: "handed_out", scan, entry: entry ?? given };
  }

  async #refused(scan, refusal, entry) {
    if (refusal.status === 429 || refusal.status === 408) return null;
    await this.#drop(scan);
    if (refusal.status === 401) return { kind: "signed_out", entry, code: refusal.code };
    return { kind: NOT_HANDED_OUT[refusal.code] ?? "refused", entry, holder: refusal.problem, race: refusal.problem.event_name };
  }

  /** Decide by what this phone knows. */
  async #decide(scan, entry) {
    const kind = this.#judged(entry);
    if (kind !== "handed_out") {
      await this.#drop(scan);
      return { kind, entry, holder: entry && this.roster.holder(entry.participant_id), isOffline: true };
    }
    try {
      await storage.keepScan({ ...scan, state: WAITING, result: "handed_out" });
    } catch {
      await this.#drop(scan);
      return { kind: "not_stored", entry };
    }
    this.#remember(Object.assign(scan, { state: WAITING, result: "handed_out" }));
    return { kind, scan, entry, isOffline: true };
  }

  #judged(entry) {
    if (!this.roster.size) return "no_roster";
    if (!entry) return "unknown";
    if (entry.state !== "valid") return "not_valid";
    return this.roster.holder(entry.participant_id) ? "already" : "handed_out";
  }

  async #drop(scan) {
    this.#scans.delete(scan.key);
    await storage.dropScan(scan.key).catch(() => {});
  }

  async #keepIfPossible(scan) {
    await storage.keepScan(scan).catch(() => {}); // the server has it; on disk it stays as asked, and is never sent
  }

  /** Change who collected a pack or its size. The server takes the remarks of the highest revision. */
  async change(key, remarks) {
    const scan = this.#scans.get(key);
    const changed = { ...scan, ...remarks, revision: scan.revision + 1 };
    if (changed.handed_size === scan.jersey_size) changed.handed_size = null;
    if (scan.state === DONE) changed.state = CHANGED;
    await storage.keepScan(changed);
    this.#scans.set(key, changed);
  }

  /** Take the server's answers to scans that were sent; those that were changed meanwhile stay unsent. */
  async takeResults(sent, items) {
    for (const [index, item] of items.entries()) {
      const scan = this.#scans.get(item.key);
      const isChanged = scan.revision !== sent[index].revision;
      Object.assign(scan, { state: isChanged ? CHANGED : DONE, result: item.result, holder: item.handed_out, sentAt: now() });
      if (item.participant_id) Object.assign(scan, shownOf(item), { participant_id: item.participant_id, category_name: scan.category_name });
      if (!this.#counts(scan) && scan.participant_id) this.roster.settle(scan.participant_id);
      await this.#keepIfPossible(scan);
    }
  }

  /** A snapshot that was asked for at `since` is applied: it knows what the server had confirmed by then. */
  async settle(since) {
    for (const scan of this.#scans.values()) {
      const isKnown = scan.state === DONE && !scan.isSettled && scan.sentAt < since;
      if (!isKnown) continue;
      scan.isSettled = true;
      if (scan.participant_id) this.roster.settle(scan.participant_id);
      await this.#keepIfPossible(scan);
    }
  }
}

function shownOf(found) {
  return Object.fromEntries(SHOWN.filter((name) => found?.[name] !== undefined).map((name) => [name, found[name]]));
}

const holderOf = (scan) => ({ checked_in_at: scan.scanned_at, station_name: scan.place.name, location_name: scan.place.location_name, isOwn: true });

function askedBody(scan) {
  const whom = scan.participant_id ? { participant_id: scan.participant_id } : { ticket_code: scan.ticket_code };
  const remarks = Object.keys(NO_REMARKS).filter((name) => scan[name] !== null);
  return { ...whom, ...Object.fromEntries(remarks.map((name) => [name, scan[name]])) };
}

/** Return a scan as the batch takes it. */
export const asItem = (scan) => ({ key: scan.key, scanned_at: scan.scanned_at, revision: scan.revision, ...askedBody(scan) });
