// Typed search in the roster of this phone, and the list of what was found.

import { element, one } from "./dom.js";
import { isTicketCode } from "./keyboard.js";
import { word } from "./words.js";

/** `onCode` hears a ticket's code that is typed or pasted; `onEntry` the runner who is chosen. */
export function offerSearch(roster, { onCode, onEntry }) {
  const form = one("[data-find]"), field = form.elements.q;
  const clear = () => ((field.value = ""), list(roster, "", onEntry));
  field.addEventListener("input", () => list(roster, field.value, onEntry));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (isTicketCode(field.value)) return onCode(field.value), clear();
    const { items } = roster.search(field.value);
    if (items.length === 1 || String(items[0]?.bib_number) === field.value.trim()) onEntry(items[0]), clear();
  });
  return clear;
}

function list(roster, typed, onEntry) {
  const { items, hasMore } = roster.search(typed);
  one("[data-found]").replaceChildren(...items.map((entry) => row(roster, entry, onEntry)));
  const isSearching = typed.trim() !== "" && !isTicketCode(typed);
  one("[data-found-note]").textContent = !isSearching || (items.length && !hasMore) ? "" : word(items.length ? "found_more" : "found_none");
}

function row(roster, entry, onEntry) {
  const button = element(
    "button",
    { type: "button", className: "found-item" },
    element("b", { className: "num", text: entry.bib_number }),
    element("span", { className: "found-name", text: entry.full_name }),
    element("span", { className: "found-about small muted", text: [entry.category_name, entry.jersey_size.toUpperCase(), entry.registration_number].join(" · ") }),
    pill(roster, entry),
  );
  button.addEventListener("click", () => onEntry(entry));
  return element("li", {}, button);
}

/** Return what a volunteer has to know about a runner in a list; null if the pack simply waits. */
export function pill(roster, entry) {
  if (entry.state !== "valid") return element("span", { className: "pill pill-bad", text: word("cancelled") });
  if (roster.holder(entry.participant_id)) return element("span", { className: "pill pill-warn", text: word("collected") });
  return entry.is_pic && entry.group_size > 1 ? element("span", { className: "pill pill-info", text: word("captain") }) : null;
}
