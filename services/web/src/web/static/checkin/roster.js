// The roster in memory: looking up a ticket, searching, counting. No page and no network.

const MOST_FOUND = 30;
const TICKET_NUMBER = /^TIX-([A-Z0-9_-]+)-([0-9]{2})$/;

const fold = (text) => text.normalize("NFD").replace(/\p{Diacritic}/gu, "").toLowerCase();
const wordsOf = (text) => fold(text).split(/[^\p{L}\p{N}]+/u).filter(Boolean);

/** Return the registration number in a ticket number, which leaves the dash of most out: TIX-FR5K00042-01 is of FR5K-00042. */
const withDash = (number) => (number.includes("-") ? number : number.replace(/^(.+)([0-9]{5})$/, "$1-$2"));

export class Roster {
  #entries = new Map();
  #byTicket = new Map();
  #byBib = new Map();
  #byRegistration = new Map();
  #words = new Map();
  #own = new Map();

  /** Take entries of a snapshot, all or those that changed. */
  apply({ whole, entries, removed }) {
    if (whole) for (const each of [this.#entries, this.#byTicket, this.#byBib, this.#byRegistration, this.#words]) each.clear();
    for (const id of removed) this.#remove(id);
    for (const entry of entries) this.#put(entry);
  }

  #put(entry) {
    this.#remove(entry.participant_id);
    this.#entries.set(entry.participant_id, entry);
    this.#byTicket.set(entry.ticket_sha256, entry);
    this.#byBib.set(String(entry.bib_number), [...this.#ofBib(entry.bib_number), entry]);
    if (!this.#byRegistration.has(entry.registration_number)) this.#byRegistration.set(entry.registration_number, new Set());
    this.#byRegistration.get(entry.registration_number).add(entry.participant_id);
    this.#words.set(entry.participant_id, ` ${wordsOf(`${entry.full_name} ${entry.bib_number} ${entry.registration_number}`).join(" ")}`);
  }

  #remove(id) {
    const known = this.#entries.get(id);
    if (!known) return;
    this.#entries.delete(id);
    this.#words.delete(id);
    if (this.#byTicket.get(known.ticket_sha256) === known) this.#byTicket.delete(known.ticket_sha256);
    this.#byRegistration.get(known.registration_number)?.delete(id);
    this.#byBib.set(String(known.bib_number), this.#ofBib(known.bib_number).filter((each) => each !== known));
  }

  /** Return the entry of a ticket number: the sequence in it is the order of the BIBs of a registration. */
  #ofTicketNumber(typed) {
    const [, number, sequence] = TICKET_NUMBER.exec(typed.toUpperCase()) ?? [];
    return number ? this.#membersOf(withDash(number)).slice(sequence - 1, sequence) : [];
  }

  #ofBib(bib) {
    return this.#byBib.get(String(bib)) ?? [];
  }

  /** Note that this phone handed a pack out, until a snapshot that was asked for later says so. */
  note(id, holder) {
    this.#own.set(id, holder);
  }

  /** Forget such a note: the snapshot knows, or the server refused. */
  settle(id) {
    this.#own.delete(id);
  }

  get size() {
    return this.#entries.size;
  }

  get(id) {
    return this.#entries.get(id);
  }

  byTicket(hash) {
    return this.#byTicket.get(hash);
  }

  /** Return when and where a pack was handed out; null if it was not, as far as this phone knows. */
  holder(id) {
    return this.#entries.get(id)?.handed_out ?? this.#own.get(id) ?? null;
  }

  isOpen(entry) {
    return entry.state === "valid" && !this.holder(entry.participant_id);
  }

  /** Return the members of an entry's registration, by BIB. */
  members(entry) {
    return this.#membersOf(entry.registration_number);
  }

  #membersOf(number) {
    const ids = this.#byRegistration.get(number) ?? [];
    return [...ids].map((id) => this.#entries.get(id)).sort((one, other) => one.bib_number - other.bib_number);
  }

  /** Return up to 30 entries that have words beginning with all that was typed, and whether there are more. */
  search(typed) {
    const wanted = wordsOf(typed).map((each) => ` ${each}`);
    if (!wanted.length) return { items: [], hasMore: false };
    const exact = [...this.#ofBib(typed.trim()), ...this.#ofTicketNumber(typed.trim())];
    const found = [];
    for (const [id, words] of this.#words) {
      const entry = this.#entries.get(id);
      if (!wanted.every((each) => words.includes(each)) || exact.includes(entry)) continue;
      found.push(entry);
      if (found.length > MOST_FOUND) break;
    }
    found.sort((one, other) => one.bib_number - other.bib_number);
    const items = [...exact, ...found];
    return { items: items.slice(0, MOST_FOUND), hasMore: items.length > MOST_FOUND };
  }

  /** Return the sizes that occur. */
  sizes() {
    return [...new Set([...this.#entries.values()].map((each) => each.jersey_size))];
  }

  /** Count packs: all, by category, and those of one desk. A cancelled runner is not waited for. */
  counts(place) {
    const categories = new Map();
    let desk = 0;
    for (const entry of this.#entries.values()) {
      const name = entry.category_name;
      if (!categories.has(name)) categories.set(name, { name, handedOut: 0, waiting: 0 });
      const holder = this.holder(entry.participant_id);
      if (holder) categories.get(name).handedOut += 1;
      else if (entry.state === "valid") categories.get(name).waiting += 1;
      if (holder?.station_name === place?.name && holder?.location_name === place?.location_name) desk += 1;
    }
    const rows = [...categories.values()].sort((one, other) => one.name.localeCompare(other.name));
    const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
    return { desk, rows, handedOut: sum("handedOut"), waiting: sum("waiting") };
  }
}
