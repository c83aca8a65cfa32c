// Shows the page of a place in line again when something about it has changed, and counts an offer's time down.
const line = document.querySelector("[data-line]");
const clock = document.querySelector("[data-left]");
const SHORTEST = 30_000;
const LONGEST = 600_000;

let wait = SHORTEST;
let timer;

function plan() {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(look, wait * (0.75 + Math.random() / 2));
}

async function look() {
  try {
    const answer = await fetch(line.dataset.line, { cache: "no-store" });
    if (answer.status === 401 || answer.status === 404) return;
    if (!answer.ok) throw new Error(answer.statusText);
    const { mark } = await answer.json();
    if (mark !== line.dataset.mark) return location.reload();
    wait = Math.min(wait * 1.25, LONGEST);
  } catch {
    wait = Math.min(wait * 2, LONGEST);
  }
  plan();
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) look();
});
plan();

if (clock) {
  const began = performance.now();
  const seconds = Number(clock.dataset.left);
  const show = () => {
    const left = Math.max(0, Math.floor((seconds - (performance.now() - began) / 1000) / 60));
    const words = left >= 60 ? clock.dataset.hours : clock.dataset.minutes;
    clock.textContent = words.replace("{h}", Math.floor(left / 60)).replace("{m}", left % 60);
  };
  show();
  setInterval(show, 15_000);
}
