// The check-in app: one page, put together here.

import * as storage from "./storage.js";
import { Camera, offerCamera } from "./camera.js";
import { all, closeSheets, hasOpenSheet, one, openSheet, sheet, show, view } from "./dom.js";
import { offerSearch } from "./find.js";
import { listen } from "./keyboard.js";
import { Roster } from "./roster.js";
import { NO_REMARKS, Scans } from "./scans.js";
import { Session, SignIn, stationIn } from "./session.js";
import * as sheets from "./sheets.js";
import { showState } from "./state.js";
import { Network, Sync } from "./sync.js";
import { Updates } from "./updates.js";
import { allowSound, hideVerdict, showVerdict, signals, verdictWord } from "./verdict.js";
import { WakeLock } from "./wakelock.js";
import { word } from "./words.js";

const ONLY_ONE = "startline-checkin";
const SECOND_MS = 1000;
const SAME_SCAN_MS = 5000;

class App {
  roster = new Roster();
  network = new Network();
  session = new Session();
  updates = new Updates();
  wakeLock = new WakeLock();
  remarks = NO_REMARKS;
  #queue = Promise.resolve();
  #pending = 0;
  #refresh = null;
  #last = null;
  otherStation = false;

  constructor() {
    this.scans = new Scans(this.roster, this.network, this.session);
    this.sync = new Sync({ ...this, onChange: () => this.refresh(), onEnd: (reason, refused) => this.signedOut(reason, refused) });
    this.signIn = new SignIn(this.session, () => this.begin());
    this.camera = new Camera((text) => this.seen(text), new URL("./decoder.js", import.meta.url), this.#cameraSettings());
  }

  #cameraSettings() {
    return { camera: null, async keepCamera(id) { this.camera = id; await storage.keepSetting("camera", id); } };
  }

  async start() {
    try {
      await storage.open();
    } catch (problem) {
      console.warn("storage", problem.message);
      return view("no-storage");
    }
    await this.#load();
    this.#offer();
    this.updates.start(() => !this.#pending).catch((problem) => console.warn("updates", problem.message));
    this.updates.addEventListener("change", () => this.refresh());
    this.network.addEventListener("change", () => this.refresh());
    addEventListener("appinstalled", () => this.#askToBeKept());
    setInterval(() => this.refresh(), 10 * SECOND_MS);
    await (this.session.token ? this.begin() : this.#askForPin());
  }

  async #load() {
    await this.session.load();
    this.camera.settings.camera = (await storage.read("camera")) ?? null;
    this.remarks = (await storage.read("remarks")) ?? NO_REMARKS;
    signals.areOn = (await storage.read("sound")) ?? true;
    this.roster.apply({ whole: true, entries: await storage.roster(), removed: [] });
    await this.scans.load();
  }

  async begin() {
    await this.#dropForeignRoster();
    const linked = stationIn(location.search);
    this.otherStation = linked !== null && linked !== this.session.station.id;
    view("scan");
    this.wakeLock.hold();
    this.#showProxy();
    await this.refresh();
    this.#askToBeKept();
    this.sync.start();
    if ((await this.#cameraState()) === "granted") this.camera.start();
  }

  /** Not waited for: a browser may ask the volunteer. */
  async #askToBeKept() {
    await storage.askToBeKept();
    await this.refresh();
  }

  async #dropForeignRoster() {
    const kept = await storage.read("roster");
    if (!kept || kept.event_id === this.session.station.event_id) return;
    await storage.dropRoster();
    this.roster.apply({ whole: true, entries: [], removed: [] });
  }

  async #cameraState() {
    const found = await navigator.permissions?.query({ name: "camera" }).catch(() => null);
    return found?.state;
  }

  async #askForPin(reason, undecided) {
    this.camera.stop();
    this.wakeLock.release();
    closeSheets();
    view("login");
    await this.signIn.open(reason, undecided);
    await this.refresh();
  }

  /** The server does not let this phone go on. What it handed out stays on it. `refused` scans it has just not counted. */
  async signedOut(reason, refused = 0) {
    if (!this.session.token) return;
    const undecided = refused + this.scans.uncounted(this.session.token) + this.sync.conflicts.length;
    await this.session.end();
    if (reason === "device_revoked") await this.#forget({ butUndecided: true });
    await this.#askForPin(reason, undecided);
  }

  /** Forget all persons but those whose packs the server does not know of. */
  async #forget({ butUndecided }) {
    await storage.dropRoster();
    await this.scans.forgetSent({ butUndecided });
    await this.#keepRemarks(NO_REMARKS);
    Object.assign(this.sync, { conflicts: [], sizes: [] });
    this.roster.apply({ whole: true, entries: [], removed: [] });
  }

  refresh() {
    return (this.#refresh ??= Promise.resolve().then(() => ((this.#refresh = null), showState(this))));
  }

  /* Scanning */

  /** A scanner or the keyboard says a code. What is open is finished first. */
  scanned(text) {
    if (this.session.token && sheet("details").open) one("[data-details]").requestSubmit();
    closeSheets();
    this.seen(text);
  }

  /** The camera sees a code. Before a station is known, it may be the station's; a sheet is not taken away by it. */
  seen(text) {
    if (!this.session.token) return this.#stationSeen(text);
    if (!hasOpenSheet()) this.inTurn(() => this.#scannedOnce(text));
  }

  /** A ticket that was just handed out and is read again within seconds is one scan: its verdict stays. */
  async #scannedOnce(text) {
    const isSame = this.#last?.text === text && Date.now() - this.#last.at < SAME_SCAN_MS;
    if (isSame) return this.#show(this.#last.verdict);
    const verdict = await this.#scanned(text);
    this.#last = verdict?.kind === "handed_out" ? { text, verdict, at: Date.now() } : null;
  }

  #stationSeen(text) {
    const id = stationIn(text);
    this.camera.stop();
    view("login");
    if (id) this.signIn.useStation(id);
    this.signIn.say(id ? "" : word("no_station"));
  }

  /** Do one after the other: a second scan waits for the verdict of the first. */
  inTurn(work) {
    this.#pending += 1;
    this.#queue = this.#queue.then(work).catch((problem) => console.error(problem)).finally(() => (this.#pending -= 1));
    return this.#queue;
  }

  async #scanned(code) {
    hideVerdict();
    const entry = await this.scans.entryOf(code);
    if (entry?.is_pic && entry.group_size > 1 && this.#opensGroup(entry)) return null;
    return this.#handOut(entry ? { entry, code } : { code });
  }

  #opensGroup(captain) {
    if (!this.roster.members(captain).some((each) => this.roster.isOpen(each))) return false;
    hideVerdict();
    sheets.openGroup(this.roster, captain, (members) => this.inTurn(() => this.#handOutAll(members)));
    return true;
  }

  async #handOut(wanted) {
    const verdict = await this.scans.handOut(wanted, this.remarks);
    await this.#show(verdict);
    return verdict;
  }

  async #show(verdict) {
    const { scan } = verdict;
    const onDetails = scan && (() => this.#openDetails(scan));
    showVerdict({ ...verdict, at: this.network.lastSync }, { onDetails });
    await this.refresh();
    if (verdict.kind === "signed_out") return this.signedOut(verdict.code);
    if (verdict.isOffline && this.network.isUp) this.sync.now();
  }

  /** Hand packs of a group out. The verdict says which went, and of the others why not; after the session none is asked. */
  async #handOutAll(members) {
    if (members.length === 1) return this.#handOut({ entry: members[0] });
    const verdicts = [];
    for (const entry of members) {
      verdicts.push({ ...(await this.scans.handOut({ entry }, this.remarks)), entry });
      if (verdicts.at(-1).kind === "signed_out") break;
    }
    const given = verdicts.filter((each) => each.kind === "handed_out");
    const lines = verdicts.map(({ kind, entry }) =>
      kind === "handed_out" ? `${entry.bib_number} · ${entry.jersey_size.toUpperCase()}` : `${entry.bib_number}: ${verdictWord(kind)}`,
    );
    const isNotStored = !given.length && verdicts.some((each) => each.kind === "not_stored");
    const kind = given.length === members.length ? "group_done" : isNotStored ? "not_stored" : "group_some";
    await this.#show({ kind, count: given.length, lines, isOffline: given.some((each) => each.isOffline) });
    const ended = verdicts.find((each) => each.kind === "signed_out");
    if (ended) await this.signedOut(ended.code);
  }

  /* Who collects, and which size */

  #openDetails(scan) {
    const sizes = sheets.sizesWithStock(this.roster, this.sync.sizes);
    sheets.openDetails(sizes, { scan }, (remarks) => this.inTurn(() => this.#change(scan, remarks)));
  }

  async #change(scan, remarks) {
    try {
      await this.scans.change(scan.key, remarks);
    } catch {
      showVerdict({ kind: "not_stored" });
      return this.refresh();
    }
    await this.refresh();
    this.sync.now();
  }

  #openProxy() {
    sheets.openDetails([], { remarks: this.remarks }, (remarks) => this.#keepRemarks(remarks));
  }

  async #keepRemarks(remarks) {
    this.remarks = remarks.collected_by ? remarks : NO_REMARKS;
    this.#showProxy();
    await (remarks.collected_by ? storage.keepSetting("remarks", remarks) : storage.forget("remarks"));
  }

  #showProxy() {
    const { collected_by: name, letter_seen: letter, identity_seen: identity } = this.remarks;
    one("[data-proxy]").hidden = !name;
    const seen = [letter && word("proxy_letter"), identity && word("proxy_identity")].filter(Boolean).join(", ");
    show("proxy", name ? word("proxy_on", { name }) + (seen ? ` (${seen})` : "") : "");
  }

  /* Buttons */

  #offer() {
    listen((code) => this.scanned(code));
    offerSearch(this.roster, { onCode: (code) => this.scanned(code), onEntry: (entry) => this.#chosen(entry) });
    offerCamera(this.camera);
    addEventListener("pointerdown", allowSound, { once: true });
    for (const button of all("[data-close]")) button.onclick = () => button.closest("dialog").close();
    for (const button of all("[data-open]")) button.onclick = () => this.#open(button.dataset.open);
    one("[data-proxy-end]").onclick = () => this.#keepRemarks(NO_REMARKS);
    one("[data-scan-station]").onclick = () => (view("scan"), this.camera.start());
    one("[data-sync]").onclick = () => (this.sync.everything(), sheet("menu").close());
    one("[data-update]").onclick = () => this.updates.install();
    one("[data-sound]").onclick = () => this.#toggleSound();
    one("[data-sign-out]").onclick = () => this.#signOut();
  }

  #chosen(entry) {
    if (entry.is_pic && entry.group_size > 1 && this.#opensGroup(entry)) return;
    sheets.openPerson(this.roster, entry, (chosen) => this.inTurn(() => this.#handOut({ entry: chosen })));
  }

  #open(name) {
    show("menu-message", "");
    one("[data-update]").hidden = !this.updates.isWaiting;
    one("[data-sound]").setAttribute("aria-pressed", String(signals.areOn));
    if (name === "proxy") return this.#openProxy();
    if (name === "scans") return sheets.openScans(this.scans, (scan) => this.#openDetails(scan));
    if (name === "conflicts") return sheets.openConflicts(this.sync.conflicts);
    if (name === "counts") return sheets.openCounts(this.roster.counts(this.session.station));
    openSheet(name);
  }

  async #toggleSound() {
    signals.areOn = !signals.areOn;
    one("[data-sound]").setAttribute("aria-pressed", String(signals.areOn));
    await storage.keepSetting("sound", signals.areOn);
  }

  /** Sign out only when the server has every scan. */
  async #signOut() {
    await this.sync.now();
    const count = this.scans.unsent().length;
    if (count) return show("menu-message", word("sign_out_waits", { count }));
    await this.session.end();
    await this.#forget({ butUndecided: false });
    await this.#askForPin();
  }
}

/** Two tabs would know different scans: only one runs. */
async function alone(run) {
  if (!navigator.locks) return run();
  const others = { ifAvailable: false, signal: AbortSignal.timeout(2 * SECOND_MS) };
  try {
    await navigator.locks.request(ONLY_ONE, others, () => run().then(() => new Promise(() => {})));
  } catch (problem) {
    if (problem.name !== "TimeoutError" && problem.name !== "AbortError") throw problem;
    view("other-tab");
  }
}

for (const button of all("[data-reload]")) button.onclick = () => location.reload();
alone(() => new App().start());
