// Counts down to the opening of registration by the server's clock, then loads the page again.
const box = document.getElementById("until-opening");
const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

if (box) start(Number(box.dataset.opens), Number(box.dataset.now) - Date.now());

function start(opens, ahead) {
  let shift = ahead;
  const began = performance.now(), date = Date.now();
  // The device's clock may be set while this runs; the time since the start is not.
  const left = () => opens - (date + performance.now() - began + shift);
  const parts = Object.fromEntries([...box.querySelectorAll("[data-part]")].map((each) => [each.dataset.part, each]));

  function show() {
    const time = Math.max(0, left());
    set(parts.days, Math.floor(time / DAY), 1);
    set(parts.hours, Math.floor(time / HOUR) % 24, 2);
    set(parts.minutes, Math.floor(time / MINUTE) % 60, 2);
    set(parts.seconds, Math.floor(time / SECOND) % 60, 2);
  }

  function tick() {
    show();
    if (left() > 0) setTimeout(tick, (left() % SECOND) + 20);
    else reload(left() > -5 * SECOND ? SECOND : 5 * SECOND);
  }

  // A page that a proxy kept may be older than it says.
  fetch("/clock", { cache: "no-store" })
    .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)))
    .then((text) => { shift = Number(text) - (date + performance.now() - began); })
    .catch(() => {})
    .finally(() => {
      if ("visible" in box.dataset && left() > 0) box.hidden = false;
      tick();
    });
}

function set(element, number, digits) {
  const text = String(number).padStart(digits, "0");
  if (element.textContent !== text) element.textContent = text;
}

// Not all at the same moment, and not in tabs that nobody looks at.
function reload(after) {
  setTimeout(() => {
    if (document.visibilityState === "visible") location.reload();
    else document.addEventListener("visibilitychange", () => location.reload(), { once: true });
  }, after + Math.random() * 5 * SECOND);
}
