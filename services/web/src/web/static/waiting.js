// Sends a kept form again by itself, and shows the form when registration opens.

const seconds = (time) => new Promise((done) => { setTimeout(done, time * 1000); });

const repeated = document.querySelector('[data-repeat]');
if (repeated) {
  const shown = repeated.querySelector('[data-countdown]');
  const base = Math.min(Math.max(Number(repeated.dataset.repeat) || 2, 1), 60);
  let left = Math.ceil(base * (1 + Math.random()) + Math.random() * 2);
  let touched = false;
  repeated.addEventListener('submit', () => { touched = true; });
  shown.hidden = false;
  const tick = () => {
    if (touched) return;
    shown.textContent = shown.dataset.text.replace('{seconds}', left);
    if (left-- <= 0) repeated.querySelector('[data-now]').click();
    else setTimeout(tick, 1000);
  };
  tick();
}

const opening = document.querySelector('[data-opens]');
if (opening) {
  const opens = Date.parse(opening.dataset.opens);
  let offset = 0;
  const show = () => {
    const left = Math.max(0, Math.ceil((opens - Date.now() - offset) / 1000));
    const days = Math.floor(left / 86400);
    const hours = Math.floor(left / 3600) - (days > 1 ? days * 24 : 0);
    const parts = [hours, Math.floor(left / 60) % 60, left % 60].map((each) => String(each).padStart(2, '0'));
    opening.textContent = (days > 1 ? `${opening.dataset.days.replace('{days}', days)} ` : '') + parts.join(':');
    return left;
  };
  const isOpen = async () => {
    try {
      const answer = await fetch(location.pathname, { cache: 'no-cache' });
      offset = (Date.parse(answer.headers.get('date')) || Date.now()) - Date.now();
      return answer.ok && !(await answer.text()).includes('data-opens=');
    } catch {
      return false;
    }
  };
  setInterval(show, 1000);
  show();
  // Asks rarely before the opening and every few seconds after it, at times that differ from browser to browser.
  for (;;) {
    if (await isOpen()) break;
    const left = show();
    await seconds(left > 60 ? Math.min(left - 30, 60) + Math.random() * 20 : left + 1 + Math.random() * 4);
  }
  location.reload();
}
