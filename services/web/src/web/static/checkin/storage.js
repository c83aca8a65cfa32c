// What the phone keeps: the session, the roster, and every scan until the server has it and longer.

import { openDB } from "./idb.js";

const NAME = "startline-checkin";
const VERSION = 1;
const ON_DISK = { durability: "strict" };

/** States of a scan. Those of UNSENT have to be sent; an asked one had no green screen and is sent by nothing. */
export const ASKED = "asked", WAITING = "waiting", CHANGED = "changed", DONE = "done", REFUSED = "refused";
export const UNSENT = [WAITING, CHANGED];

let database;
let isKept = null;
const refused = new Set();

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

/** Do the same for a write, and note whether the browser refused the last one of its kind: a setting, a scan, the roster. */
async function writing(kind, work) {
  try {
    const result = await onDatabase(work);
    refused.delete(kind);
    return result;
  } catch (problem) {
    refused.add(kind);
    throw problem;
  }
}

/** Whether a write was refused, as on a full phone, and none of its kind has succeeded since. */
export const refusesWrites = () => refused.size > 0;

export const read = (name) => onDatabase((opened) => opened.get("meta", name));
export const keep = (name, value) => writing("setting", (opened) => opened.put("meta", value, name));
/** Keep a setting. Without room for it, it holds until the app is closed. */
export const keepSetting = (name, value) => keep(name, value).catch((problem) => console.warn("storage", name, problem.message));
export const forget = (name) => onDatabase((opened) => opened.delete("meta", name));

export const roster = () => onDatabase((opened) => opened.getAll("roster"));

/** Replace the roster, or what changed of it, together with its version. */
export const keepRoster = (snapshot, fetchedAt) => writing("roster", (opened) => writeRoster(opened, snapshot, fetchedAt));

async function writeRoster(opened, snapshot, fetchedAt) {
  const transaction = opened.transaction(["roster", "meta"], "readwrite");
  const entries = transaction.objectStore("roster");
  const changes = snapshot.whole ? [entries.clear()] : [];
  for (const entry of snapshot.entries) changes.push(entries.put(entry));
  for (const id of snapshot.removed) changes.push(entries.delete(id));
  changes.push(transaction.objectStore("meta").put({ version: snapshot.version, event_id: snapshot.event_id, fetched_at: fetchedAt }, "roster"));
  await Promise.all([...changes, transaction.done]);
}

/** Forget all runners and what is about them. */
export const dropRoster = () =>
  onDatabase(async (opened) => {
    const transaction = opened.transaction(["roster", "meta"], "readwrite");
    transaction.objectStore("roster").clear();
    for (const name of ["roster", "conflicts", "sizes"]) transaction.objectStore("meta").delete(name);
    await transaction.done;
  });

export const scans = () => onDatabase((opened) => opened.getAll("scans"));

/** Write a scan so that a crash of phone or browser loses nothing. Throws if there is no room. */
export const keepScan = (scan) => writing("scan", (opened) => onScans(opened, (store) => store.put(scan)));
export const dropScan = (key) => onDatabase((opened) => onScans(opened, (store) => store.delete(key)));

async function onScans(opened, change) {
  const transaction = opened.transaction("scans", "readwrite", ON_DISK);
  change(transaction.store).catch(() => {}); // the transaction's end says it, too
  await transaction.done;
}

/** Return how many bytes are left and which share of the quota is used, from 0 to 1; null where the browser does not say. */
export async function room() {
  const { quota, usage } = (await navigator.storage?.estimate?.()) ?? {};
  return quota === undefined || usage === undefined ? null : { left: quota - usage, used: usage / quota };
}

/** Ask the browser to delete nothing of this when the phone gets full; installed apps are granted it. */
export async function askToBeKept() {
  isKept = (await navigator.storage?.persist?.().catch(() => false)) ?? null;
}

/** Whether the browser may delete what is stored here, because it refused to keep it. */
export const mayBeDeleted = () => isKept === false;
