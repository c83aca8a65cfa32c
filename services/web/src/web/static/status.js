// The status page: copy buttons, the countdown, the upload of a proof, and changes as they happen.
// Without this script the page works by its form and by being loaded again.

const LONGEST_SIDE = 1600;
const LARGEST = 1.9 * 1024 * 1024;
const ACCEPTED = ["image/jpeg", "image/png", "image/webp"];
const QUIET = 15000;
const SLOWEST = 120000;

const spoken = document.createElement("p");
spoken.className = "sr";
spoken.setAttribute("role", "status");
document.body.append(spoken);

const page = () => document.querySelector("[data-status-page]");
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const contentOf = (part) => part.outerHTML.replace(/data-now="[^"]*"/, "");
let shown = "";
let isSending = false;
let clockLead = 0;

/* Copy buttons */

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}

function makeCopyButton(button) {
  const label = button.innerHTML;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await copy(button.dataset.copy);
    button.textContent = spoken.textContent = button.dataset.textCopied;
    button.focus();
    await wait(2000);
    button.innerHTML = label;
    spoken.textContent = "";
  });
}

/* The countdown, by the clock of the server */

function showTimeLeft() {
  document.querySelectorAll("[data-until]").forEach(showTimeLeftOf);
}

function showTimeLeftOf(countdown) {
  const left = Date.parse(countdown.dataset.until) - Date.now() - clockLead;
  const seconds = Math.max(0, Math.floor(left / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  countdown.querySelector("[data-left]").textContent = parts.map((each) => String(each).padStart(2, "0")).join(":");
  countdown.hidden = false;
  if (left < 0 && !countdown.dataset.isOver) {
    countdown.dataset.isOver = "yes";
    setTimeout(look, 1000 + Math.random() * 4000);
  }
}

/* The page is asked for again and replaced if it has changed */

async function look() {
  if (isSending) return false;
  try {
    const answer = await fetch(page().dataset.statusPage, { cache: "no-store", headers: { Accept: "text/html" } });
    return answer.ok && show(await answer.text());
  } catch {
    return false;
  }
}

function show(html) {
  const next = new DOMParser().parseFromString(html, "text/html");
  const now = page();
  const found = next.querySelector("[data-status-page]");
  if (!found || isSending || contentOf(found) === shown) return false;
  shown = contentOf(found);
  const hasErrors = Boolean(found.querySelector("[data-errors]"));
  const sameStage = found.dataset.stage === now.dataset.stage;
  const isFilled = Boolean(now.querySelector("#file")?.files.length || now.querySelector("#notes")?.value);
  if (isFilled && !hasErrors) found.querySelector("[data-proof]")?.replaceWith(now.querySelector("[data-proof]"));
  now.querySelectorAll("details[open][id]").forEach((part) => found.querySelector(`#${part.id}`)?.setAttribute("open", ""));
  const focused = document.activeElement?.id;
  now.replaceWith(document.adoptNode(found));
  document.title = next.title;
  enhance();
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  if (!sameStage) {
    refreshes = 0;
    announce();
  }
  return !sameStage;
}

function announce() {
  const headline = document.querySelector("[data-headline]").textContent.trim().replace(/\s+/g, " ");
  spoken.textContent = `${page().dataset.textChanged} ${headline}`;
}

/* The choice of a way to pay: the gateway may take seconds to answer */

function makeChoice(form) {
  form.addEventListener("submit", (event) => {
    const button = form.querySelector("button");
    if (button.getAttribute("aria-busy")) event.preventDefault();
    button.setAttribute("aria-busy", "true");
  });
}

/* The picture of the proof */

async function shrink(file, form) {
  const picture = await createImageBitmap(file);
  const canvas = form.querySelector("[data-preview]");
  let side = Math.min(LONGEST_SIDE, Math.max(picture.width, picture.height));
  for (let quality = 0.86; ; quality -= 0.12) {
    const scale = side / Math.max(picture.width, picture.height);
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const context = canvas.getContext("2d");
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const jpeg = await new Promise((done) => canvas.toBlob(done, "image/jpeg", Math.max(quality, 0.5)));
    if (jpeg.size <= LARGEST || side < 600) {
      canvas.hidden = false;
      return keepsAsItIs(file, scale, jpeg) ? file : jpeg;
    }
    side = Math.round(side * 0.85);
  }
}

const keepsAsItIs = (file, scale, jpeg) => scale === 1 && ACCEPTED.includes(file.type) && file.size <= jpeg.size;

function makeForm(form) {
  const input = form.querySelector("#file");
  const message = form.querySelector("[data-message]");
  const texts = form.dataset;
  let chosen = null;
  form.querySelector("[data-shrinks]").hidden = false;
  form.noValidate = true;

  input.addEventListener("change", async () => {
    const file = input.files[0];
    chosen = null;
    form.querySelector("[data-preview]").hidden = true;
    message.textContent = "";
    if (!file) return;
    chosen = shrink(file, form).then(
      (blob) => {
        message.textContent = `${texts.textShrunk}: ${Math.ceil(blob.size / 1024)} kB`;
        return blob;
      },
      () => {
        message.textContent = texts.textUnreadable;
        return file;
      },
    );
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isSending) return;
    if (!input.files[0]) {
      message.textContent = texts.textNone;
      input.focus();
      return;
    }
    isSending = true;
    form.querySelector("[type=submit]").setAttribute("aria-disabled", "true");
    const fields = new FormData(form);
    fields.set("file", await (chosen ?? input.files[0]), "proof.jpg");
    await sendSurely(form, fields, message);
    isSending = false;
    form.querySelector("[type=submit]").removeAttribute("aria-disabled");
  });
}

// After a lost answer the same proof is sent again: payment stores one only, and says so.
async function sendSurely(form, fields, message) {
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const answer = await send(form, fields, message);
    isSending = false;
    if (answer?.status === 401 || answer?.status === 404) return location.assign(page().dataset.statusPage);
    if (answer && answer.status < 500 && answer.html.includes("data-status-page")) {
      show(answer.html);
      (document.querySelector("[data-errors]") ?? document.querySelector("[data-headline]")).focus();
      return undefined;
    }
    if (answer?.status === 413) {
      message.textContent = form.dataset.textUnreadable;
      return undefined;
    }
    message.textContent = form.dataset.textLost;
    await wait(1000 * 2 ** attempt * (0.5 + Math.random()));
    if (await look()) {
      document.querySelector("[data-headline]")?.focus();
      return undefined;
    }
    isSending = true;
  }
  message.textContent = form.dataset.textAgain;
  form.querySelector("[data-progress]").hidden = true;
  return undefined;
}

function send(form, fields, message) {
  const progress = form.querySelector("[data-progress]");
  progress.hidden = false;
  progress.value = 0;
  message.textContent = form.dataset.textSending;
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress.value = (100 * event.loaded) / event.total;
    });
    request.upload.addEventListener("load", () => {
      progress.value = 100;
      message.textContent = form.dataset.textChecking;
    });
    request.addEventListener("load", () => done({ status: request.status, html: request.responseText }));
    for (const failure of ["error", "abort", "timeout"]) request.addEventListener(failure, () => done(null));
    request.timeout = 180000;
    request.open("POST", form.action);
    request.send(fields);
  });
}

/* Changes as they happen: a stream of events, or the page asked for again and again */

let stream = null;
let timer = 0;
let pause = QUIET;
let refreshes = 0;

function watch() {
  stop();
  const refresh = Number(page().dataset.refresh) * 1000;
  if (document.hidden || !(page().dataset.stream || refresh)) return;
  if (refresh) poll(Math.min(refresh * 1.3 ** refreshes++, SLOWEST));
  else if (window.EventSource) listen();
  else poll(pause);
}

function stop() {
  stream?.close();
  stream = null;
  clearTimeout(timer);
}

function listen() {
  stream = new EventSource(page().dataset.stream);
  stream.addEventListener("status", (event) => {
    pause = QUIET;
    const state = JSON.parse(event.data);
    const { status, deadline } = page().dataset;
    if (state.status !== status || Date.parse(state.expires_at) !== Date.parse(deadline)) look();
  });
  stream.addEventListener("error", () => {
    if (stream?.readyState === EventSource.CLOSED) poll(pause);
  });
}

function poll(after) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    pause = Math.min(pause * 1.5, SLOWEST);
    if (!(await look())) watch();
  }, after * (0.75 + Math.random() / 2));
}

// A browser may keep the page as it was when the choice was sent, and show that again after "back".
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  page()?.querySelectorAll("[data-way] [aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  look();
});

document.addEventListener("visibilitychange", async () => {
  if (document.hidden) stop();
  else if (!(await look())) watch();
});

function enhance() {
  clockLead = Date.parse(page().dataset.now) - Date.now();
  page().querySelectorAll("[data-copy]").forEach(makeCopyButton);
  page().querySelectorAll("[data-way]").forEach(makeChoice);
  page().querySelectorAll("[data-proof]").forEach((form) => {
    if (form.dataset.isMade) return;
    form.dataset.isMade = "yes";
    makeForm(form);
  });
  showTimeLeft();
  watch();
}

if (page()) {
  shown = contentOf(page());
  enhance();
  setInterval(showTimeLeft, 1000);
}
