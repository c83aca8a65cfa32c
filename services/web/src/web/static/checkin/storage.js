// What the phone keeps: the session, the roster, and every scan until the server has it and longer.

import { openDB } from "./idb.js";

const NAME = "startline-checkin";
const VERSION = 1;
const ON_DISK = { durability: "strict" };

/** States of a scan. Those of UNSENT have to be sent; an asked one has no verdict yet and is sent by nothing. */
export const ASKED = "asked", WAITING = "waiting", CHANGED = "changed", DONE = "done";
export const UNSENT = [WAITING, CHANGED];

let database;

export async function open() {
  database = await openDB(NAME, VERSION, {
    upgrade(made) {
      made.createObjectStore("meta");
      made.createObjectStore("roster", { keyPath: "participant_id" });
      const scans = made.createObjectStore("scans", { keyPath: "key" });
      scans.createIndex("state", "state");
    },
    blocking: (_, __, event) => event.target.close(),
  });
}

export const read = (name) => database.get("meta", name);
export const keep = (name, value) => database.put("meta", value, name);
export const forget = (name) => database.delete("meta", name);

export const roster = () => database.getAll("roster");

/** Replace the roster, or what changed of it, together with its version. */
export async function keepRoster(snapshot, fetchedAt) {
  const writing = database.transaction(["roster", "meta"], "readwrite");
  const entries = writing.objectStore("roster");
  if (snapshot.whole) entries.clear();
  for (const entry of snapshot.entries) entries.put(entry);
  for (const id of snapshot.removed) entries.delete(id);
  writing.objectStore("meta").put({ version: snapshot.version, event_id: snapshot.event_id, fetched_at: fetchedAt }, "roster");
  await writing.done;
}

export async function dropRoster() {
  const writing = database.transaction(["roster", "meta"], "readwrite");
  writing.objectStore("roster").clear();
  writing.objectStore("meta").delete("roster");
  await writing.done;
}

export const scans = () => database.getAll("scans");

/** Write a scan so that a crash of phone or browser loses nothing. Throws if there is no room. */
export async function keepScan(scan) {
  const writing = database.transaction("scans", "readwrite", ON_DISK);
  writing.store.put(scan);
  await writing.done;
}

export async function dropScan(key) {
  const writing = database.transaction("scans", "readwrite", ON_DISK);
  writing.store.delete(key);
  await writing.done;
}

/** Return how many bytes are left and whether the browser promises to keep what is here; null where it does not say. */
export async function room() {
  if (!navigator.storage?.estimate) return null;
  const { quota, usage } = await navigator.storage.estimate();
  const isKept = await navigator.storage.persisted?.();
  return { left: quota - usage, isKept: isKept ?? null };
}

export const askToBeKept = () => navigator.storage?.persist?.().catch(() => false);
