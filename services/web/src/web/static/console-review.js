// The desk of proofs: keys, enlarging and turning the picture, and decisions after which only the changed parts are
// replaced. Without this script every button is a form, and the page works by being loaded again.

(() => {
  const LOOK_AGAIN = 15000;
  const CALM = 350;
  const BEFORE_LEASE_ENDS = 20000;
  const LONG_IDLE = 110000;
  const REMEMBERED = "startline-review-keys";

  const $ = (selector, root = document) => root.querySelector(selector);
  const said = $("main [data-said]");
  const desk = $("main [data-desk]");
  const failure = $("[data-failure]");
  const help = $("[data-help]");
  const keysSwitch = $("[data-keys-switch]");
  const page = desk.dataset.review;

  let isBusy = false;
  let shownAt = 0;
  let usedAt = Date.now();
  let leasedUntil = Infinity;

  const proof = () => $("[data-proof]", desk);
  const frame = () => $("[data-frame]", desk);

  /* Asking the server, and replacing what changed */

  async function ask(address, options = {}, { byItself = false } = {}) {
    const headers = { "HX-Request": "true", "HX-Current-URL": location.pathname, ...(byItself ? { "X-Refresh": "1" } : {}) };
    const answer = await fetch(address, { ...options, headers, cache: "no-store" });
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) location.assign(elsewhere);
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const isDesk = $("[data-desk]", next) !== null;
    if (!elsewhere && !isDesk && answer.status < 500) location.assign(page);
    return isDesk && !elsewhere ? next : null;
  }

  function show(next, { moveFocus = true } = {}) {
    desk.replaceChildren(...$("[data-desk]", next).childNodes);
    say(next);
    failure.hidden = true;
    begin();
    if (!moveFocus) return;
    const wrong = $("[aria-invalid]", desk);
    (wrong ?? $("[data-proof-title]", desk)).focus({ preventScroll: !wrong });
    if (!wrong) scrollTo({ top: Math.min(scrollY, $("#main").getBoundingClientRect().top + scrollY) });
  }

  function say(next) {
    said.replaceChildren(...$("[data-said]", next).childNodes);
    countDown();
  }

  async function send(form, submitter) {
    if (isBusy) return;
    setBusy(true, submitter);
    try {
      const body = new URLSearchParams(new FormData(form, submitter));
      const next = await ask(form.action, { method: "POST", body });
      if (next) show(next);
      else failure.hidden = false;
    } catch {
      failure.hidden = false;
    } finally {
      setBusy(false, submitter);
    }
  }

  function setBusy(on, submitter) {
    isBusy = on;
    desk.setAttribute("aria-busy", String(on));
    if (on) submitter?.setAttribute("aria-busy", "true");
    else submitter?.removeAttribute("aria-busy");
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-decision], [data-undo]")) return;
    event.preventDefault();
    send(form, event.submitter);
  });

  /* A proof that has just come */

  function begin() {
    shownAt = performance.now();
    const shown = proof();
    leasedUntil = shown ? Date.now() + Number(shown.dataset.leased) * 1000 : Infinity;
    if (!shown) return;
    const picture = $("[data-picture]", shown);
    picture.addEventListener("error", () => lose(picture));
    if (picture.complete && !picture.naturalWidth && picture.currentSrc) lose(picture);
    showView();
    drag(frame());
    markKeys();
  }

  function lose(picture) {
    picture.hidden = true;
    $("[data-picture-lost]", desk).hidden = false;
  }

  /* The time in which the last decision can be undone */

  let counting = 0;

  function countDown() {
    clearInterval(counting);
    const form = $("[data-undo]", said);
    if (!form?.dataset.undo) return; // what waits for a second person is taken back without a limit of time
    const until = performance.now() + Number(form.dataset.undo) * 1000;
    counting = setInterval(() => {
      const left = Math.ceil((until - performance.now()) / 1000);
      if (left > 0) $("[data-left]", form).textContent = `(${left})`;
      else forget(form);
    }, 250);
  }

  function forget(form) {
    clearInterval(counting);
    if (form.contains(document.activeElement)) $("[data-proof-title]", desk).focus({ preventScroll: true });
    form.remove();
  }

  /* The picture */

  const STEPS = 4;

  function change(step, turn) {
    const { dataset } = frame();
    const zoom = Number(dataset.zoom);
    if (step !== null) dataset.zoom = step === 0 ? 1 : Math.min(STEPS, Math.max(1, zoom + step));
    if (turn) dataset.turn = (Number(dataset.turn) + turn) % 4;
    showView();
  }

  function showView() {
    const shown = frame();
    const isLarger = shown.dataset.zoom !== "1";
    shown.toggleAttribute("data-moves", isLarger);
    $('[data-zoom-by="-1"]', desk)?.toggleAttribute("disabled", !isLarger);
    $('[data-zoom-by="1"]', desk)?.toggleAttribute("disabled", Number(shown.dataset.zoom) === STEPS);
    shown.scrollTo((shown.scrollWidth - shown.clientWidth) / 2, (shown.scrollHeight - shown.clientHeight) / 2);
  }

  const enlarge = () => change(Number(frame().dataset.zoom) === STEPS ? 0 : 1, 0);

  function drag(shown) {
    let from = null;
    shown.addEventListener("pointerdown", (event) => {
      if (shown.dataset.zoom === "1" || event.button !== 0) return;
      from = { x: event.clientX + shown.scrollLeft, y: event.clientY + shown.scrollTop };
      shown.dataset.moves = "now";
      shown.setPointerCapture(event.pointerId);
    });
    shown.addEventListener("pointermove", (event) => {
      if (from) shown.scrollTo(from.x - event.clientX, from.y - event.clientY);
    });
    const end = () => { from = null; if (shown.hasAttribute("data-moves")) shown.dataset.moves = ""; };
    shown.addEventListener("pointerup", end);
    shown.addEventListener("pointercancel", end);
    shown.addEventListener("dragstart", (event) => event.preventDefault());
  }

  desk.addEventListener("click", (event) => {
    const tool = event.target.closest("[data-zoom-by], [data-turn-by]");
    if (!tool) return;
    event.preventDefault();
    change(tool.dataset.zoomBy === undefined ? null : Number(tool.dataset.zoomBy), Number(tool.dataset.turnBy ?? 0));
  });

  /* Keys, which can be switched off */

  const refusal = () => $("[data-refusal]", desk);
  const press = (selector, root = desk) => $(selector, root)?.click();

  function toggleRefusal() {
    const panel = refusal();
    panel.open = !panel.open;
    (panel.open ? $("[data-reason]", panel) : $("summary", panel))?.focus();
  }

  // One line is confirmed with its proof; among several, each press goes to the next, and Enter takes it.
  function confirmLine() {
    const buttons = [...desk.querySelectorAll('[data-decision="confirm"] button')];
    if (buttons.length === 1) return buttons[0].click();
    return buttons[(buttons.indexOf(document.activeElement) + 1) % buttons.length]?.focus();
  }

  const keys = {
    v: () => press('[data-decision="verify"] button'),
    l: confirmLine,
    r: toggleRefusal,
    j: () => press('[data-decision="skip"] button'),
    k: () => press('[data-decision="back"] button'),
    z: enlarge,
    t: () => change(null, 1),
    "+": () => change(1, 0),
    "-": () => change(-1, 0),
    0: () => change(0, 0),
  };

  function remembered() {
    try { return localStorage.getItem(REMEMBERED) !== "off"; } catch { return true; }
  }

  function remember(on) {
    try { localStorage.setItem(REMEMBERED, on ? "on" : "off"); } catch { /* this visit only */ }
  }

  function markKeys() {
    const on = keysSwitch.checked;
    document.body.classList.toggle("has-keys", on);
    const named = { v: '[data-decision="verify"] button', l: '[data-decision="confirm"] button', r: "[data-refusal] summary", j: '[data-decision="skip"] button', k: '[data-decision="back"] button', t: "[data-turn-by]" };
    for (const [key, selector] of Object.entries(named)) {
      const button = $(selector, desk);
      if (on) button?.setAttribute("aria-keyshortcuts", key);
      else button?.removeAttribute("aria-keyshortcuts");
    }
  }

  const isWriting = (element) => element.closest("textarea, select, [contenteditable], input:not([type=checkbox])") !== null;

  function act(key) {
    if (key === "?") return help.showModal();
    if (key === "u") return press("[data-undo] button", said);
    if (!proof()) return undefined;
    if (refusal().open && /^[1-9]$/.test(key)) return press(`[data-reason="${key}"]`);
    if (refusal().open && "vljk".includes(key)) return undefined;
    return Object.hasOwn(keys, key) ? keys[key]() : undefined;
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && refusal()?.open && !help.open) return toggleRefusal();
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat && !event.isComposing;
    if (!keysSwitch.checked || !isPlain || help.open || isWriting(event.target)) return undefined;
    // A key that is pressed twice is not meant for a proof that nobody has seen yet.
    if (isBusy || performance.now() - shownAt < CALM) return undefined;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === "?" || key === "u" || Object.hasOwn(keys, key) || /^[1-9]$/.test(key)) {
      event.preventDefault();
      act(key);
    }
    return undefined;
  });

  $("[data-help-open]").addEventListener("click", () => help.showModal());
  keysSwitch.checked = remembered();
  keysSwitch.addEventListener("change", () => { remember(keysSwitch.checked); markKeys(); });
  $("[data-keys]").hidden = false;

  /* An empty desk looks again; a proof stays with a reviewer who is there. Both rest while the page is hidden. */

  for (const name of ["keydown", "pointerdown", "pointermove", "wheel"]) {
    addEventListener(name, () => { usedAt = Date.now(); }, { passive: true });
  }

  async function lookAgain() {
    if (document.hidden || isBusy) return;
    const had = proof()?.dataset.proof;
    if (had ? !isLeaseEnding() : !$("[data-empty]", desk)) return;
    try {
      const next = await ask(had ? `${page}${page.includes("?") ? "&" : "?"}had=${had}` : page, {}, { byItself: true });
      if (!next || isBusy) return;
      const shown = $("[data-proof]", next);
      if (had && shown?.dataset.proof === had) leasedUntil = Date.now() + Number(shown.dataset.leased) * 1000;
      else if (had) show(next);
      else if (shown) arrive(next);
    } catch { /* asked again soon */ }
  }

  function arrive(next) {
    show(next, { moveFocus: false });
    const text = document.createElement("p");
    text.className = "sr";
    text.textContent = desk.dataset.arrived;
    said.append(text);
  }

  function isLeaseEnding() {
    const now = Date.now();
    if (now > leasedUntil) return now - usedAt < 2000;
    return now > leasedUntil - BEFORE_LEASE_ENDS && now - usedAt < LONG_IDLE;
  }

  setInterval(lookAgain, LOOK_AGAIN);
  document.addEventListener("visibilitychange", lookAgain);
  addEventListener("pointerdown", () => { if (Date.now() > leasedUntil) lookAgain(); }, { passive: true });

  begin();
  countDown();
})();
