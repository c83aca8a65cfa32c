// Handing packs out. A scan is on the phone's disk before the screen is green, and the server decides while it answers:
// without it the phone decides by its roster, and the server merges the scan later.

import * as api from "./api.js";
import * as storage from "./storage.js";
import { ASKED, CHANGED, DONE, REFUSED, UNSENT, WAITING } from "./storage.js";

const PATIENCE_SECONDS = 1.5;
const SHOWN = ["full_name", "bib_number", "category_name", "jersey_size", "registration_number"];
const NOT_HANDED_OUT = { already_checked_in: "already", unknown_ticket: "unknown", not_valid: "not_valid", other_event: "other_event" };
const NOT_DECIDED = [408, 429];
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
    if (scan.participant_id && knowsMore(scan)) this.roster.note(scan.participant_id, holderOf(scan));
  }

  unsent() {
    return this.newestFirst().filter((scan) => UNSENT.includes(scan.state)).reverse();
  }

  /** Return how many hand-outs of a session the server does not count yet; changed remarks are of packs that count. */
  uncounted(token) {
    return this.unsent().filter((scan) => scan.state === WAITING && scan.token === token).length;
  }

  newestFirst() {
    const given = [...this.#scans.values()].filter((scan) => scan.state !== ASKED);
    return given.sort((one, other) => other.scanned_at.localeCompare(one.scanned_at));
  }

  /**
   * Hand a pack out and return the verdict. `wanted` has the ticket's `code`, the `entry` of the roster, or both.
   * Kinds: handed_out, already, not_valid, unknown, other_event, no_roster, not_stored, signed_out, refused.
   */
  async handOut(wanted, remarks = NO_REMARKS) {
    const entry = wanted.entry ?? (await this.entryOf(wanted.code));
    const judged = this.#judge(entry); // before the server is asked: a snapshot may come in meanwhile
    if (judged.holder?.isUndecided) return { ...judged, entry }; // the server does not count it yet, but the pack has left
    const scan = this.#begin(entry, wanted.code, remarks);
    try {
      await storage.keepScan(scan);
    } catch {
      return { kind: "not_stored", entry };
    }
    this.#scans.set(scan.key, scan);
    return (this.network.isUp && (await this.#askServer(scan, wanted.code, entry))) || this.#decide(scan, entry, judged);
  }

  async entryOf(code) {
    const hash = await hashOf(code);
    return hash ? this.roster.byTicket(hash) : undefined;
  }

  /** Return a new scan; its key is that of one that got no answer, which the server may have stored. */
  #begin(entry, code, remarks) {
    const same = (scan) => (entry ? scan.participant_id === entry.participant_id : scan.ticket_code === code);
    const asked = [...this.#scans.values()].find((scan) => scan.state === ASKED && scan.token === this.session.token && same(scan));
    return {
      key: asked?.key ?? newKey(),
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
      token: this.session.token,
    };
  }

  /** Ask the server; null if it does not answer in time. Whatever it says stands. */
  async #askServer(scan, code, entry) {
    try {
      const given = await api.checkIn(scan.token, scan.key, { ...remarksOf(scan), ...whom(scan, code) }, PATIENCE_SECONDS);
      this.network.answered();
      return await this.#confirmed(scan, given, entry);
    } catch (problem) {
      if (problem instanceof api.Refusal) return this.#refused(scan, problem, entry);
      this.network.failed();
      return null;
    }
  }

  async #confirmed(scan, given, entry) {
    Object.assign(scan, shownOf(given), { ticket_code: null, participant_id: given.participant_id, state: DONE, result: "handed_out", scanned_at: given.checked_in_at, sentAt: now() });
    this.#remember(scan);
    await keepIfPossible(scan);
    return { kind: "handed_out", scan, entry: { ...entry, ...given } };
  }

  async #refused(scan, refusal, entry) {
    if (NOT_DECIDED.includes(refusal.status)) return null;
    await this.#drop(scan);
    if (refusal.status === 401) return { kind: "signed_out", entry, code: refusal.code };
    return { kind: NOT_HANDED_OUT[refusal.code] ?? "refused", entry, holder: refusal.problem, race: refusal.problem.event_name };
  }

  /** Decide by what this phone knew. What is not handed out keeps its key: the server may have heard the question. */
  async #decide(scan, entry, { kind, holder }) {
    if (kind !== "handed_out") return { kind, entry, holder, isOffline: true };
    const given = { ...scan, state: WAITING, result: "handed_out" };
    try {
      await storage.keepScan(given);
    } catch {
      return { kind: "not_stored", entry };
    }
    this.#remember(given);
    return { kind, scan: given, entry, isOffline: true };
  }

  #judge(entry) {
    if (!this.roster.size) return { kind: "no_roster" };
    if (!entry) return { kind: "unknown" };
    if (entry.state !== "valid") return { kind: "not_valid" };
    const holder = this.roster.holder(entry.participant_id);
    return holder ? { kind: "already", holder } : { kind: "handed_out" };
  }

  async #drop(scan) {
    this.#scans.delete(scan.key);
    await storage.dropScan(scan.key).catch(() => {});
  }

  /** Change who collected a pack or its size. The server takes the remarks of the highest revision. Throws without room. */
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
      if (!scan) continue;
      const isChanged = scan.revision !== sent[index].revision;
      Object.assign(scan, { state: isChanged ? CHANGED : DONE, result: item.result, ticket_code: null, sentAt: now() });
      const size = sizeThatLeft(scan);
      if (item.participant_id) Object.assign(scan, shownOf(item), { participant_id: item.participant_id });
      if (size && size !== scan.jersey_size) scan.handed_size = size; // the order was corrected meanwhile
      if (scan.participant_id && !knowsMore(scan)) this.roster.settle(scan.participant_id);
      else this.#remember(scan);
      await keepIfPossible(scan);
    }
  }

  /** The server will never take this scan: it is shown, and an admin has to know. */
  async setAside(sent) {
    const scan = this.#scans.get(sent.key);
    Object.assign(scan, { state: REFUSED, result: "refused" });
    await keepIfPossible(scan);
  }

  /** A snapshot that was asked for at `since` is applied: it knows what the server had confirmed by then. */
  async settle(since) {
    for (const scan of this.#scans.values()) {
      if (scan.state !== DONE || scan.isSettled || scan.sentAt >= since) continue;
      scan.isSettled = true;
      if (scan.participant_id && !knowsMore(scan)) this.roster.settle(scan.participant_id);
      await keepIfPossible(scan);
    }
  }

  /** Forget the scans that the server has, and of those that staff have to decide about the names, if they are kept. */
  async forgetSent({ butUndecided }) {
    for (const scan of [...this.#scans.values()]) {
      if (UNSENT.includes(scan.state)) continue;
      if (butUndecided && scan.result === "conflict") {
        for (const name of SHOWN) delete scan[name];
        await keepIfPossible(scan);
        continue;
      }
      if (scan.participant_id) this.roster.settle(scan.participant_id);
      await this.#drop(scan);
    }
  }
}

/**
 * Whether a scan says more about its pack than the roster: until a snapshot that was asked for after it, and as long as
 * staff have to decide, since the pack has left.
 */
function knowsMore(scan) {
  if (scan.state === WAITING || scan.result === "conflict") return true;
  return !scan.isSettled && scan.result === "handed_out";
}

function shownOf(found) {
  return Object.fromEntries(SHOWN.filter((name) => found?.[name] !== undefined).map((name) => [name, found[name]]));
}

const holderOf = (scan) => ({ checked_in_at: scan.scanned_at, station_name: scan.place.name, location_name: scan.place.location_name, isOwn: true, isUndecided: scan.result === "conflict" });

/** Return whom a scan is about: the ticket's code where it is at hand, as a ticket may have been replaced. */
function whom(scan, code) {
  if (code ?? scan.ticket_code) return { ticket_code: code ?? scan.ticket_code };
  return { participant_id: scan.participant_id };
}

function remarksOf(scan) {
  const given = Object.keys(NO_REMARKS).filter((name) => scan[name] !== null);
  return Object.fromEntries(given.map((name) => [name, scan[name]]));
}

const sizeThatLeft = (scan) => scan.handed_size ?? scan.jersey_size;

/** Return a scan as the batch takes it, with the size that left: the order may have been corrected since. */
export function asItem(scan) {
  const size = sizeThatLeft(scan);
  return { key: scan.key, scanned_at: scan.scanned_at, revision: scan.revision, ...remarksOf(scan), ...(size && { handed_size: size }), ...whom(scan) };
}

/** On disk it stays as it was if there is no room: then it is sent once more, with the same key. */
async function keepIfPossible(scan) {
  await storage.keepScan(scan).catch(() => {});
}
