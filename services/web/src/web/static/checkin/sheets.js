// Sheets over the scanner: one runner, a captain's group, who collects and which size, lists and counts.

import { all, closeSheets, element, one, openSheet, show } from "./dom.js";
import { NO_REMARKS } from "./scans.js";
import { pill } from "./find.js";
import { holderText, sizeOf } from "./verdict.js";
import { hasWord, moment, word } from "./words.js";

/* One runner */

export function openPerson(roster, entry, onHandOut) {
  const holder = roster.holder(entry.participant_id);
  show("person-name", entry.full_name);
  show("person-bib", entry.bib_number);
  show("person-size", word("size", { size: entry.jersey_size.toUpperCase() }));
  show("person-about", [entry.category_name, entry.registration_number].join(" · "));
  show("person-note", entry.state !== "valid" ? word("hint_not_valid") : holder ? `${word("already")}: ${holderText(holder)}` : "");
  one("[data-hand-out]").hidden = !roster.isOpen(entry);
  one("[data-hand-out]").onclick = () => (closeSheets(), onHandOut(entry));
  openSheet("person");
}

/* A group */

export function openGroup(roster, captain, onHandOut) {
  const members = roster.members(captain);
  const open = members.filter((each) => roster.isOpen(each));
  show("group-name", word("group_captain", { name: captain.full_name }));
  show("group-about", word("group_about", { number: captain.registration_number, waiting: open.length, count: members.length }));
  one("[data-members]").replaceChildren(...members.map((each) => memberRow(roster, each)));
  const form = one("[data-group]");
  form.onchange = () => showChosen(form);
  form.onsubmit = () => onHandOut(chosenOf(form).map((id) => roster.get(id)));
  showChosen(form);
  openSheet("group");
}

function memberRow(roster, entry) {
  const isOpen = roster.isOpen(entry);
  const box = element("input", { type: "checkbox", name: "member", value: entry.participant_id });
  Object.assign(box, { checked: isOpen, disabled: !isOpen });
  const about = element("span", { className: "member-about" }, element("b", { text: entry.full_name }), element("span", { className: "small muted", text: entry.category_name }));
  const label = element("label", { className: "member" }, box, element("b", { className: "num member-bib", text: entry.bib_number }), about, element("b", { className: "member-size", text: entry.jersey_size.toUpperCase() }), isOpen ? null : pill(roster, entry));
  return element("li", {}, label);
}

const chosenOf = (form) => all("input:checked", form).map((each) => each.value);

function showChosen(form) {
  const count = chosenOf(form).length;
  show("group-hand-out", word("group_hand_out", { count }));
  one("[data-show=group-hand-out]").disabled = count === 0;
}

/* Who collects, and which size */

/** Ask for remarks. `scan` is what was handed out; without one they hold for all scans that follow. */
export function openDetails(sizes, { scan, remarks }, onKeep) {
  const form = one("[data-details]"), given = remarks ?? scan;
  show("details-name", scan ? `${scan.bib_number} · ${scan.full_name}` : word("details_proxy"));
  show("details-collector", word(scan ? "collector" : "collector_of_several"));
  show("details-problem", "");
  form.elements.collected_by.value = given?.collected_by ?? "";
  for (const name of ["letter_seen", "identity_seen"]) form.elements[name].checked = Boolean(given?.[name]);
  one("[data-size-field]").hidden = !scan;
  one("[data-sizes]").replaceChildren(...(scan ? sizes : []).map((each) => sizeChoice(each, scan)));
  form.onsubmit = (event) => {
    const remarks = remarksOf(form);
    if (scan || remarks.collected_by || given?.collected_by) return onKeep(remarks);
    event.preventDefault();
    show("details-problem", word("no_collector"));
    form.elements.collected_by.focus();
  };
  openSheet("details");
}

function sizeChoice({ size, left }, scan) {
  const box = element("input", { type: "radio", name: "handed_size", value: size });
  box.checked = size === (scan.handed_size ?? scan.jersey_size);
  const name = size.toUpperCase();
  return element("label", { className: "choice" }, box, element("span", { text: left === null ? name : word("size_left", { size: name, left }) }));
}

function remarksOf(form) {
  const typed = form.elements.collected_by.value.trim();
  const name = typed.toWellFormed?.() ?? typed; // half an emoji would be no JSON
  const seen = (each) => (name ? form.elements[each].checked : null);
  const size = one("input[name=handed_size]:checked", form)?.value ?? null;
  return { ...NO_REMARKS, collected_by: name || null, letter_seen: seen("letter_seen"), identity_seen: seen("identity_seen"), handed_size: size };
}

/** Return the sizes of a race with what is left of each; null where the organiser has not counted. */
export function sizesWithStock(roster, stock) {
  const counted = stock.map(({ jersey_size: size, brought, handed_out: out }) => ({ size, left: brought === null ? null : brought - out }));
  const others = roster.sizes().filter((size) => !counted.some((each) => each.size === size));
  return [...counted, ...others.map((size) => ({ size, left: null }))];
}

/* Lists */

const MOST_SHOWN = 50;

export function openScans(scans, onChange) {
  const rows = scans.newestFirst().slice(0, MOST_SHOWN).map((scan) => scanRow(scan, onChange));
  one("[data-empty=scans]").hidden = rows.length > 0;
  one("[data-scans]").replaceChildren(...rows);
  openSheet("scans");
}

function scanRow(scan, onChange) {
  const isConflict = scan.result && !["handed_out", "repeated"].includes(scan.result);
  const state = scan.state === "refused" ? "refused" : isConflict ? "conflict" : scan.state === "done" ? "done" : "waiting";
  const colour = { refused: "bad", conflict: "bad", done: "ok", waiting: "warn" }[state];
  const change = element("button", { type: "button", className: "plain", text: word("change") });
  change.addEventListener("click", () => onChange(scan));
  const about = [moment(scan.scanned_at), sizeOf(scan), scan.collected_by && word("for_other", { name: scan.collected_by })];
  return element(
    "li",
    { className: "row" },
    element("b", { className: "num row-bib", text: scan.bib_number ?? "?" }),
    element("span", { className: "row-text" }, element("b", { text: scan.full_name ?? word("unknown") }), element("span", { className: "small muted", text: about.filter(Boolean).join(" · ") })),
    element("span", { className: `pill pill-${colour}`, text: word(`state_${state}`) }),
    change,
  );
}

export function openConflicts(conflicts) {
  one("[data-empty=conflicts]").hidden = conflicts.length > 0;
  one("[data-conflicts]").replaceChildren(...conflicts.map(conflictRow));
  openSheet("conflicts");
}

function conflictRow(conflict) {
  const holder = conflict.handed_out;
  const kind = hasWord(`conflict_${conflict.kind}`) ? conflict.kind : "conflict";
  const values = { place: holder && [holder.station_name, holder.location_name].join(", "), when: holder && moment(holder.checked_in_at) };
  const known = kind === "handed_out_twice" && !holder ? "conflict" : kind;
  return element(
    "li",
    { className: "row" },
    element("b", { className: "num row-bib", text: conflict.bib_number ?? "?" }),
    element("span", { className: "row-text" }, element("b", { text: conflict.full_name ?? word("unknown") }), element("span", { className: "small", text: word(`conflict_${known}`, values) }), element("span", { className: "small muted", text: moment(conflict.scanned_at) })),
  );
}

export function openCounts({ rows, handedOut, waiting }) {
  const line = (name, out, left) => element("tr", {}, element("th", { scope: "row", text: name }), element("td", { className: "num", text: out }), element("td", { className: "num", text: left }));
  const total = line("Σ", handedOut, waiting);
  one("[data-count-rows]").replaceChildren(...rows.map((each) => line(each.name, each.handedOut, each.waiting)), total);
  openSheet("counts");
}
