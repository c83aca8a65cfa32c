// What the phone keeps: the session, the roster, and every scan until the server has it and longer.

import { openDB } from "./idb.js";

const NAME = "startline-checkin";
const VERSION = 1;
const ON_DISK = { durability: "strict" };

/** States of a scan. Those of UNSENT have to be sent; an asked one had no green screen and is sent by nothing. */
export const ASKED = "asked", WAITING = "waiting", CHANGED = "changed", DONE = "done", REFUSED = "refused";
export const UNSENT = [WAITING, CHANGED];

let database;

export async function open() {
  database = await openDB(NAME, VERSION, {
    terminated: () => (database = null),
    upgrade(made) {
      made.createObjectStore("meta");
      made.createObjectStore("roster", { keyPath: "participant_id" });
      const scans = made.createObjectStore("scans", { keyPath: "key" });
      scans.createIndex("state", "state");
    },
    blocking: (_, __, event) => event.target.close(),
  });
}

/** Do something on the database; once more on a new connection if the browser closed this one. */
async function onDatabase(work) {
  if (!database) await open();
  try {
    return await work(database);
  } catch (problem) {
    if (problem.name !== "InvalidStateError") throw problem;
    await open();
    return work(database);
  }
}

export const read = (name) => onDatabase((opened) => opened.get("meta", name));
export const keep = (name, value) => onDatabase((opened) => opened.put("meta", value, name));
export const forget = (name) => onDatabase((opened) => opened.delete("meta", name));

export const roster = () => onDatabase((opened) => opened.getAll("roster"));

/** Replace the roster, or what changed of it, together with its version. */
export const keepRoster = (snapshot, fetchedAt) => onDatabase((opened) => writeRoster(opened, snapshot, fetchedAt));

async function writeRoster(opened, snapshot, fetchedAt) {
  const writing = opened.transaction(["roster", "meta"], "readwrite");
  const entries = writing.objectStore("roster");
  if (snapshot.whole) entries.clear();
  for (const entry of snapshot.entries) entries.put(entry);
  for (const id of snapshot.removed) entries.delete(id);
  writing.objectStore("meta").put({ version: snapshot.version, event_id: snapshot.event_id, fetched_at: fetchedAt }, "roster");
  await writing.done;
}

/** Forget all runners and what is about them. */
export const dropRoster = () =>
  onDatabase(async (opened) => {
    const writing = opened.transaction(["roster", "meta"], "readwrite");
    writing.objectStore("roster").clear();
    for (const name of ["roster", "conflicts", "sizes"]) writing.objectStore("meta").delete(name);
    await writing.done;
  });

export const scans = () => onDatabase((opened) => opened.getAll("scans"));

/** Write a scan so that a crash of phone or browser loses nothing. Throws if there is no room. */
export const keepScan = (scan) => onScans((store) => store.put(scan));
export const dropScan = (key) => onScans((store) => store.delete(key));

const onScans = (change) =>
  onDatabase(async (opened) => {
    const writing = opened.transaction("scans", "readwrite", ON_DISK);
    change(writing.store).catch(() => {}); // the transaction's end says it, too
    await writing.done;
  });

/** Return how many bytes are left and whether the browser promises to keep what is here; null where it does not say. */
export async function room() {
  if (!navigator.storage?.estimate) return null;
  const { quota, usage } = await navigator.storage.estimate();
  const isKept = await navigator.storage.persisted?.();
  return { left: quota - usage, isKept: isKept ?? null };
}

export const askToBeKept = () => navigator.storage?.persist?.().catch(() => false);
