// The verdict: the whole screen by colour and word, a sound and a vibration: it is understood without reading.

import { one, show } from "./dom.js";
import { hasWord, moment, word } from "./words.js";

const COLOURS = { handed_out: "good", already: "warn", group_done: "good", group_some: "warn" };
const GIVEN = ["handed_out", "group_done", "group_some"];
const STAYS_MS = 6000;
const TONES = { good: [[880, 0.09], [1320, 0.14]], warn: [[440, 0.18], [440, 0.18]], bad: [[180, 0.5]] };
const VIBRATIONS = { good: [80], warn: [120, 80, 120], bad: [500] };

const screen = () => one("[data-verdict]");
let sound, hiding;

export const signals = { areOn: true };

/** Browsers play sounds only after the first tap. */
export function allowSound() {
  sound ??= new (globalThis.AudioContext ?? globalThis.webkitAudioContext)();
  sound.resume();
}

function signal(colour) {
  if (!signals.areOn) return;
  navigator.vibrate?.(VIBRATIONS[colour]);
  if (sound?.state !== "running") return;
  let at = sound.currentTime;
  for (const [pitch, seconds] of TONES[colour]) {
    tone(pitch, at, seconds);
    at += seconds + 0.04;
  }
}

function tone(pitch, at, seconds) {
  const source = sound.createOscillator(), volume = sound.createGain();
  source.frequency.value = pitch;
  volume.gain.setValueAtTime(0.4, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + seconds);
  source.connect(volume).connect(sound.destination);
  source.start(at);
  source.stop(at + seconds);
}

/** Show a verdict until the next scan, a tap, or some seconds are over. */
export function showVerdict(verdict, { onDetails } = {}) {
  const colour = COLOURS[verdict.kind] ?? "bad";
  fill(verdict);
  screen().dataset.colour = colour;
  screen().dataset.kind = verdict.kind;
  screen().hidden = false;
  one("[data-verdict-details]").hidden = !onDetails;
  one("[data-verdict-details]").onclick = () => (hideVerdict(), onDetails());
  one("[data-verdict-close]").onclick = hideVerdict;
  screen().focus();
  signal(colour);
  clearTimeout(hiding);
  hiding = setTimeout(hideVerdict, STAYS_MS);
}

export function hideVerdict() {
  clearTimeout(hiding);
  screen().hidden = true;
}

export const isShown = () => !screen().hidden;

function fill({ kind, entry, scan, holder, race, count, lines, isOffline, at }) {
  const handedOut = kind === "handed_out";
  show("verdict-word", verdictWord(kind, count));
  show("verdict-bib", entry?.bib_number);
  one("[data-show=verdict-bib]").dataset.length = String(entry?.bib_number ?? "").length;
  const size = handedOut ? (scan?.handed_size ?? entry?.jersey_size) : null;
  show("verdict-size", size?.toUpperCase());
  one("[data-verdict-size]").hidden = !size;
  show("verdict-name", lines?.join("\n") ?? entry?.full_name);
  show("verdict-category", entry?.category_name);
  show("verdict-note", noteOn({ kind, entry, scan, holder, race, isOffline, at }));
}

export function verdictWord(kind, count) {
  if (kind === "handed_out") return word("hand_over");
  if (kind.startsWith("group_")) return word("group_done", { count });
  return word({ no_roster: "unknown", refused: "not_stored" }[kind] ?? kind);
}

export function sizeOf(scan, entry) {
  const ordered = (entry?.jersey_size ?? scan?.jersey_size)?.toUpperCase();
  if (scan?.handed_size) return word("size_handed", { handed: scan.handed_size.toUpperCase(), ordered });
  return ordered ? word("size", { size: ordered }) : null;
}

function noteOn({ kind, entry, scan, holder, race, isOffline, at }) {
  const notes = [];
  if (kind === "already" && holder) notes.push(holderText(holder));
  if (scan?.handed_size) notes.push(sizeOf(scan, entry));
  if (scan?.collected_by) notes.push(word("for_other", { name: scan.collected_by }));
  const hint = isOffline && kind === "unknown" ? "hint_unknown_offline" : `hint_${kind}`;
  if (hasWord(hint)) notes.push(word(hint, { race: race ?? "", when: at ? moment(at) : "" }));
  if (isOffline && GIVEN.includes(kind)) notes.push(word("without_network"));
  return notes.join(" · ");
}

export function holderText(holder) {
  const when = moment(holder.checked_in_at);
  if (holder.isOwn) return word("holder_here", { when });
  return [when, holder.station_name, holder.location_name].filter(Boolean).join(", ");
}
