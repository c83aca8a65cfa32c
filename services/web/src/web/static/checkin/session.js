// The session of this phone at a station: signing in with the PIN, and out when nothing waits.

import * as api from "./api.js";
import * as storage from "./storage.js";
import { all, one } from "./dom.js";
import { hasWord, word } from "./words.js";

const STATION = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;

/** Return the id of the station in a link or code; null if there is none. */
export const stationIn = (text) => STATION.exec(text)?.[0].toLowerCase() ?? null;

export class Session {
  token = null;
  station = null;

  async load() {
    Object.assign(this, (await storage.read("session")) ?? {});
    return this.token !== null;
  }

  async begin(stationId, pin, deviceName) {
    const found = await api.logIn(stationId, { pin_code: pin, device_name: deviceName });
    const session = { token: found.device_token, station: found.station };
    await storage.keep("device-name", deviceName);
    await storage.keep("station-id", session.station.id);
    await storage.keep("session", session); // last: a phone that cannot store it is not signed in
    Object.assign(this, session);
  }

  /** Take over which race the station hands out; staff may have changed it. */
  async follow({ event_id: eventId, entries }) {
    if (eventId === this.station.event_id) return;
    this.station = { ...this.station, event_id: eventId, event_name: eventId ? (entries[0]?.event_name ?? null) : null };
    await storage.keep("session", { token: this.token, station: this.station });
  }

  async end() {
    this.token = null;
    await storage.forget("session");
  }
}

/** The form for PIN and name. `onSignedIn` is called when a station has let this phone in. */
export class SignIn {
  constructor(session, onSignedIn) {
    this.session = session;
    this.onSignedIn = onSignedIn;
    this.form = one("[data-login]");
    this.form.addEventListener("submit", (event) => (event.preventDefault(), this.#send()));
    one("[data-other-station]").onclick = () => this.useStation(null);
  }

  /** Show the form. `undecided` is how many hand-outs of this phone staff have to decide about. */
  async open(reason, undecided) {
    this.form.elements.device_name.value ||= (await storage.read("device-name")) ?? "";
    this.useStation(stationIn(location.search) ?? (await storage.read("station-id")) ?? null);
    const said = reason ? [hasWord(reason) ? word(reason) : word("session_over")] : [];
    if (reason === "device_revoked" && undecided) said.push(word("undecided", { count: undecided }));
    this.say(said.join(" "));
  }

  useStation(id) {
    this.form.elements.station.value = id ?? "";
    one("[data-other-station]").hidden = !id;
    for (const each of all("[data-without-station], [data-station-field]")) each.hidden = Boolean(id);
    if (id) this.form.elements.pin_code.focus();
  }

  say(text) {
    const place = one("[data-login-message]");
    place.textContent = text;
    place.hidden = !text;
  }

  async #send() {
    const { station, pin_code: pin, device_name: name } = this.form.elements;
    const stationId = stationIn(station.value);
    if (!stationId) return this.#refuse("no_station");
    const digits = pin.value.replace(/[\s-]/g, "");
    if (!/^\d{6}$/.test(digits) || !name.value.trim()) return this.#refuse("fill_in");
    this.say("");
    const button = one("button[type=submit]", this.form);
    button.setAttribute("aria-busy", "true");
    try {
      await this.session.begin(stationId, digits, name.value.trim());
      pin.value = "";
      await this.onSignedIn();
    } catch (problem) {
      this.#explain(problem);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  #explain(problem) {
    if (problem instanceof api.NoAnswer) return this.#refuse("no_answer");
    if (!(problem instanceof api.Refusal)) return this.#notStored(problem);
    if (problem.status === 429) return this.#refuse("too_many");
    if (problem.code === "unknown_station") return this.#refuse("no_station");
    const said = { wrong_pin: "wrong_pin", station_locked: "station_locked" }[problem.code];
    if (said) return this.say(word(said, problem.problem));
    this.say(problem.problem.errors?.[0]?.message ?? problem.problem.detail);
  }

  #notStored(problem) {
    console.warn("sign-in", problem.message);
    this.#refuse("hint_not_stored");
  }

  #refuse(name) {
    this.say(word(name));
  }
}
