// What is always seen: network, last synchronisation, scans to send, and warnings.

import * as storage from "./storage.js";
import { all, element, one, show } from "./dom.js";
import { ago, moment, word } from "./words.js";

const MEGABYTE = 1024 * 1024;
const LOW_BYTES = 50 * MEGABYTE;
const MOST_USED = 0.9;
const OLD_MS = 30 * 60 * 1000;
const CLOCK_SECONDS = 120;

/** Show the state of the app. `updates` says whether a new version waits. */
export async function showState({ network, scans, session, sync, roster, updates, otherStation }) {
  const unsent = scans.unsent().length;
  for (const each of all("[data-signed-in]")) each.hidden = !session.token;
  const when = network.lastSync ? word("synced", { when: ago(network.lastSync) }) : word("never_synced");
  const parts = [word(network.isUp ? "online" : "offline"), when];
  if (unsent) parts.push(word("to_send", { count: unsent }));
  show("network", parts.join(" · "));
  one("[data-state]").dataset.synced = network.lastSync ?? "";
  one("[data-state]").dataset.state = unsent ? "waiting" : network.isUp ? "online" : "offline";
  const station = session.token ? session.station : null;
  show("station", station?.name ?? "Startline");
  show("race", station?.event_name ?? (station ? word("any_race") : ""));
  show("conflict-count", sync.conflicts.length || null);
  one("[data-language]").hidden = !network.isUp;
  const counts = roster.counts(session.station);
  show("about", word("about_roster", { count: counts.handedOut + counts.waiting, when: network.lastSync ? moment(network.lastSync) : "–" }));
  showCounts(counts);
  showWarnings(await warnings({ network, scans, sync, session, updates, otherStation }));
}

function showCounts({ desk, handedOut, waiting }) {
  show("count-desk", desk);
  show("count-all", handedOut);
  show("count-waiting", waiting);
}

async function warnings({ network, scans, sync, session, updates, otherStation }) {
  const found = [];
  if (!window.isSecureContext) found.push(["bad", word("insecure")]);
  if (!session.token) return found;
  found.push(...(await storageWarnings()));
  const undecided = sync.conflicts.length + scans.newestFirst().filter((scan) => scan.state === "refused").length;
  if (undecided) found.push(["bad", word("conflicts", { count: undecided })]);
  if (Math.abs(sync.clockOffset) > CLOCK_SECONDS) found.push(["warn", word("clock_off", { minutes: Math.round(Math.abs(sync.clockOffset) / 60) })]);
  if (network.lastSync && Date.now() - Date.parse(network.lastSync) > OLD_MS) found.push(["warn", word("old_roster", { when: moment(network.lastSync) })]);
  if (otherStation) found.push(["warn", word("other_station", { station: session.station.name })]);
  if (updates.isWaiting) found.push(["info", word("new_version")]);
  return found;
}

/** Warn before scans can be lost: what is refused already, a phone that is nearly full, a browser that may delete. */
async function storageWarnings() {
  const found = [];
  const room = await storage.room().catch(() => null);
  const isLow = room && (room.left < LOW_BYTES || room.used > MOST_USED);
  if (storage.refusesWrites()) found.push(["bad", word("storage_refused")]);
  else if (isLow) found.push(["bad", word("storage_low", { left: Math.max(0, Math.round(room.left / MEGABYTE)) })]);
  if (storage.mayBeDeleted()) found.push(["warn", word("storage_not_kept")]);
  return found;
}

let shown = "";

function showWarnings(found) {
  const wanted = JSON.stringify(found);
  if (wanted === shown) return;
  shown = wanted;
  one("[data-warnings]").replaceChildren(...found.map(([kind, text]) => element("p", { className: `warning warning-${kind}`, text })));
}
