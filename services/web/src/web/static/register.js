// Improves the form of a registration, which also works without it: checks while typing, a draft on this device, and
// sending straight to the API, as often as needed with one key.

const form = document.getElementById('register');
const texts = JSON.parse(form.dataset.texts);
const size = Number(form.dataset.size);
const language = document.documentElement.lang;
const numbers = Array.from({ length: size }, (_, index) => index + 1);
const $ = (selector, root = document) => root.querySelector(selector);
const say = (name, values) => texts[name].replace(/\{(\w+)\}/g, (_, each) => values[each]);
const value = (field) => {
  const found = form.elements[field];
  if (found?.type === 'checkbox' && !found.checked) return '';
  return (found?.value ?? '').trim();
};

// What a runner is asked, in the order of the form.

const months = Object.fromEntries(form.dataset.months.split(' ').map((each) => each.split(':')));
const birth = (p) => ['day', 'month', 'year'].map((part) => value(`${p}date_of_birth-${part}`));
const month = (text) => (/^\d+$/.test(text) ? Number(text) : Number(months[text.slice(0, 3).toLowerCase()] ?? 0));
const iso = ([day, monthText, year]) => `${year}-${String(month(monthText)).padStart(2, '0')}-${day.padStart(2, '0')}`;

function birthProblem(p) {
  const parts = birth(p);
  if (!parts.some(Boolean)) return 'birth';
  if (!parts.every(Boolean)) return 'birth_incomplete';
  if (!/^\d{4}$/.test(parts[2])) return 'birth_year';
  const date = new Date(`${iso(parts)}T00:00:00Z`);
  const exists = /^\d{1,2}$/.test(parts[0]) && !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(parts[0]);
  return exists ? null : 'birth_day';
}

const name = (field) => (text) => (!text ? field : /\p{L}/u.test(text) ? null : 'letters');
const phone = (field) => (text) => (/^[+\d\s().\-/\u00ad\u200b-\u2015\u202a-\u202e\u2060-\u206f\u2212\ufeff]{8,60}$/.test(text) ? null : field);
const checks = {
  full_name: name('full_name'),
  whatsapp: phone('whatsapp'),
  email: (text) => (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text) ? null : 'email'),
  gender: (text) => (text ? null : 'gender'),
  date_of_birth: (_, p) => birthProblem(p),
  jersey_size: (text) => (text ? null : 'jersey_size'),
  emergency_contact_name: name('emergency_contact_name'),
  emergency_contact_phone: phone('emergency_contact_phone'),
};
const copies = (number) => number > 1 && value(`p${number}-same_emergency`) !== '';

function problem(number, field) {
  if (field.startsWith('emergency') && copies(number)) return null;
  const found = checks[field](value(`p${number}-${field}`), `p${number}-`);
  return found && texts[found];
}

const problems = (number) => Object.keys(checks)
  .map((field) => [`p${number}-${field}`, problem(number, field)]).filter(([, message]) => message);

function participant(number) {
  const at = (field) => value(`p${copies(number) && field.startsWith('emergency') ? 1 : number}-${field}`);
  const person = Object.fromEntries(Object.keys(checks).map((field) => [field, at(field)]));
  return {
    ...person,
    date_of_birth: iso(birth(`p${number}-`)),
    identity_number: value(`p${number}-identity_number`) || null,
    is_pic: size === 1 || number === Number(value('pic') || 1),
  };
}

const body = () => JSON.stringify({
  category_id: form.dataset.category, registration_type: form.dataset.type, participants: numbers.map(participant),
  terms_accepted: true, // the form says so above its button
  promo_code: value('promo_code') || undefined,
});

// Errors at the fields and in the summary.

function make(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function showError(field, message) {
  const input = document.getElementById(field);
  const box = input?.closest('.field');
  if (!box) return;
  const described = box.tagName === 'FIELDSET' ? box : input;
  $(`[id="${field}-error"]`, box)?.remove();
  box.classList.toggle('field-wrong', Boolean(message));
  if (message) {
    const line = make('p', 'field-error', ` ${message}`);
    line.id = `${field}-error`;
    line.prepend(make('span', 'sr', texts.error));
    ($('.hint', box) ?? $('label, legend', box)).after(line);
    described.setAttribute('aria-invalid', 'true');
  } else {
    described.removeAttribute('aria-invalid');
  }
  const ids = [`${field}-hint`, `${field}-error`].filter((id) => document.getElementById(id));
  if (ids.length) described.setAttribute('aria-describedby', ids.join(' '));
  else described.removeAttribute('aria-describedby');
}

const title = document.title.replace(`${texts.error} `, '');

function clearErrors() {
  $('[data-errors]')?.remove();
  form.querySelectorAll('.field-wrong').forEach((box) => showError(box.querySelector('input').id, null));
  document.title = title;
}

function link(field, text) {
  const made = make('a', '', text);
  made.href = `#${field}`;
  return made;
}

function listed(found) {
  const list = make('ul', '');
  found.forEach(([field, message]) => {
    const line = make('li', '');
    line.append(link(field, message));
    list.append(line);
  });
  return list;
}

function showErrors(found) {
  clearErrors();
  const byRunner = grouped(found);
  const box = make('section', 'errors');
  Object.assign(box, { tabIndex: -1 });
  box.setAttribute('aria-labelledby', 'errors-title');
  box.dataset.errors = '';
  const heading = make('h2', '', say(found.length === 1 ? 'title_one' : 'title_many', { count: found.length }));
  heading.id = 'errors-title';
  const alert = make('div', '');
  alert.setAttribute('role', 'alert');
  alert.append(heading);
  [...byRunner].sort(([one], [other]) => one - other).forEach(([number, errors]) => {
    if (size > 1 && number) {
      const line = make('h3', '');
      line.append(link(errors[0][0], say(errors.length === 1 ? 'group_one' : 'group_many', { number, count: errors.length })));
      alert.append(line);
    }
    if (size === 1 || !number || found.length <= 8) alert.append(listed(errors));
  });
  box.append(alert);
  form.before(box);
  found.forEach(([field, message]) => showError(field, message));
  if (size > 1) {
    numbers.forEach((number) => { $(`#p${number}`).open = byRunner.has(number); });
  }
  document.title = `${texts.error} ${title}`;
  box.focus();
}

function grouped(found) {
  const groups = new Map();
  found.forEach((each) => {
    const number = parseInt(each[0].slice(1), 10) || 0;
    groups.set(number, [...(groups.get(number) ?? []), each]);
  });
  return groups;
}

document.addEventListener('click', (event) => {
  const target = event.target.closest('[data-errors] a');
  if (!target) return;
  event.preventDefault();
  const input = document.getElementById(target.hash.slice(1));
  const closed = input?.closest('details');
  if (closed) closed.open = true;
  input?.focus();
});

// The draft: kept on this device by race, category and size; without identity numbers.

const WEEK = 7 * 24 * 3600 * 1000;
const HOUR = 3600 * 1000;
const draftName = `draft:${form.dataset.draft}`;
const keyName = `key:${form.dataset.draft}`;

const stored = {
  get(item, age) {
    try {
      const found = JSON.parse(localStorage.getItem(item));
      return found && Date.now() - found.at < age ? found : null;
    } catch {
      return null;
    }
  },
  set(item, content) {
    try {
      localStorage.setItem(item, JSON.stringify({ ...content, at: Date.now() }));
    } catch { /* storage is full or switched off: the form works without a draft */ }
  },
  remove(item) {
    try {
      localStorage.removeItem(item);
    } catch { /* as above */ }
  },
};

// Forgets the drafts of this race, or of all races those that are too old.
function forget(isOver) {
  try {
    Object.keys(localStorage).filter((item) => item.startsWith('draft:') && isOver(item)).forEach(stored.remove);
  } catch { /* as above */ }
}
const ofThisRace = (item) => item.startsWith(`draft:${form.dataset.draft.split('/').slice(0, 3).join('/')}/`);
forget((item) => !stored.get(item, WEEK));

const typed = () => Object.fromEntries([...new FormData(form)].filter(([field, text]) => text && !field.endsWith('identity_number')));

// What the browser itself restores, after Back to a form that was sent, is no draft.
let isTyped = false;
function keepDraft() {
  const values = typed();
  if (isTyped && Object.keys(values).some((field) => field !== 'pic')) stored.set(draftName, { values });
}

function fill(values) {
  Object.entries(values).forEach(([field, text]) => {
    const found = form.elements[field];
    if (found instanceof RadioNodeList) found.value = text;
    else if (found?.type === 'checkbox') found.checked = text === found.value;
    else if (found) found.value = text;
  });
}

if ('fresh' in form.dataset) fill(stored.get(draftName, WEEK)?.values ?? {});
$('[data-kept]').hidden = false;
$('[data-forget]').addEventListener('click', () => {
  forget(ofThisRace);
  stored.remove(keyName);
  clearErrors();
  form.querySelectorAll('input').forEach((input) => {
    if (['radio', 'checkbox'].includes(input.type)) input.checked = input.name === 'pic' && input.value === '1';
    else input.value = '';
  });
  showProgress();
  checkCode();
  $('input', form).focus();
});

document.addEventListener('click', (event) => {
  const way = event.target.closest('a[data-carry]');
  if (!way) return;
  keepDraft();
  const target = `draft:${way.pathname.replace(/^\/en\//, '/')}`;
  if (!stored.get(target, WEEK)) stored.set(target, { values: typed() });
});

// The promo code: its script is fetched once a code is typed. The API decides when the form is sent.

const promo = form.elements.promo_code;
let prices = null;

function checkCode() {
  if (!prices && promo.value.trim() === promo.defaultValue.trim()) return;
  prices ??= import(form.dataset.promoScript).then(({ show }) => show);
  prices.then((show) => show(form, texts, say, showError), () => {
    prices = null;
    $('[data-promo]').textContent = texts.promo_unknown;
  });
}

promo.addEventListener('input', () => showError('promo_code', null)); // not once a button is pressed: it would move away
promo.addEventListener('change', checkCode);
checkCode();

// Progress.

function showProgress() {
  let done = 0;
  numbers.forEach((number) => {
    const complete = !problems(number).length;
    done += complete ? 1 : 0;
    const box = $(`[data-runner="${number}"]`);
    const state = $('[data-state]', box);
    if (!state) return;
    state.hidden = !complete;
    state.className = 'pill pill-ok';
    state.replaceChildren('✓', make('span', 'sr', texts.complete));
    $('[data-name]', box).textContent = value(`p${number}-full_name`);
    $(`[data-pic="${number}"]`).textContent = value(`p${number}-full_name`) || say('runner', { number });
  });
  const shown = $('[data-progress]');
  const text = say('progress', { done, all: size });
  if (shown && shown.textContent !== text) shown.textContent = text;
}

let waiting;
form.addEventListener('input', () => {
  isTyped = true;
  clearTimeout(waiting);
  waiting = setTimeout(() => { keepDraft(); showProgress(); }, 300);
});
addEventListener('pagehide', keepDraft);

// A field is checked once the tap that left it is over: an error that appeared between press and release would move what
// is being tapped, and the tap would be lost.
let isPressed = false;
addEventListener('pointerdown', () => { isPressed = true; }, true);
for (const end of ['pointerup', 'pointercancel']) addEventListener(end, () => { isPressed = false; }, true);

const afterTap = (check) => isPressed
  ? addEventListener('pointerup', () => setTimeout(check), {capture: true, once: true})
  : check();

form.addEventListener('focusout', (event) => {
  const box = event.target.closest('.field');
  if (!box || box.contains(event.relatedTarget)) return;
  const [, number, field] = /^p(\d+)-([a-z_]+)/.exec(event.target.name) ?? [];
  if (!checks[field]) return;
  const touched = field === 'date_of_birth' ? birth(`p${number}-`).some(Boolean) : value(event.target.name);
  const id = `p${number}-${field}`;
  if (touched || $(`[id="${id}-error"]`)) afterTap(() => showError(id, problem(Number(number), field)));
});

// Sending: the same form has the same key for an hour, so that it is registered once from all tabs.

function digest(text) {
  let one = 0x9dc5;
  let two = 0x41c6;
  for (const letter of text) {
    one = Math.imul(one ^ letter.codePointAt(0), 0x85ebca6b);
    two = Math.imul(two ^ letter.codePointAt(0), 0xc2b2ae35);
    one ^= two >>> 13;
    two ^= one >>> 16;
  }
  return `${one >>> 0}-${two >>> 0}`;
}

let lastKey = null;
function keyOf(content) {
  const known = stored.get(keyName, HOUR) ?? lastKey;
  if (known && known.of === digest(known.key + content)) return known.key;
  const key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  lastKey = { key, of: digest(key + content) };
  stored.set(keyName, lastKey);
  return key;
}

const sending = $('[data-sending]');
const sendingText = $('[data-sending-text]');
const countdown = $('[data-countdown]');
let isSending = false;
let isStopped = false;
let underWay = new AbortController();
$('[data-stop]').addEventListener('click', () => sending.close());
sending.addEventListener('close', () => {
  isStopped = true;
  underWay.abort();
});

async function pause(reason, seconds) {
  sendingText.textContent = texts[reason];
  for (let left = Math.ceil(seconds * (1 + Math.random() / 2) + Math.random()); left > 0 && !isStopped; left -= 1) {
    countdown.textContent = say('countdown', { seconds: left });
    await new Promise((done) => { setTimeout(done, 1000); });
  }
  countdown.textContent = '';
}

// The check that tells people from programs adds its token to the form, for one attempt.
function challenge() {
  const token = $('[name="cf-turnstile-response"]', form)?.value;
  return token ? { 'Challenge-Token': token } : {};
}

async function attempt(content, key) {
  underWay = new AbortController();
  const tooLong = setTimeout(() => underWay.abort(), 20000);
  try {
    const answer = await fetch(form.dataset.api, {
      method: 'POST',
      body: content,
      headers: { 'Content-Type': 'application/json', 'Accept-Language': language, 'Idempotency-Key': key, ...challenge() },
      signal: underWay.signal,
      credentials: 'omit',
    });
    return { status: answer.status, wait: Number(answer.headers.get('retry-after')), said: await answer.json() };
  } catch {
    return { status: 0, wait: 0, said: {} };
  } finally {
    clearTimeout(tooLong);
  }
}

const isBusy = ({ status, said }) => status === 429 || said.code === 'too_busy' || said.code === 'challenge_unavailable';
const mayBeDone = ({ status, said }) => status === 0 || status >= 500 || said.code === 'request_in_progress';

async function send() {
  if (isSending) return;
  isSending = true;
  isStopped = false;
  const content = body();
  const key = keyOf(content);
  clearErrors();
  showNotice(null);
  sending.showModal();
  for (let tries = 0; !isStopped; tries += 1) {
    sendingText.textContent = texts.sending;
    const answer = await attempt(content, key);
    if (answer.status === 201) {
      leave(answer.said);
      return;
    }
    if (!isBusy(answer) && !mayBeDone(answer)) {
      sending.close();
      refused(answer.said);
      break;
    }
    await pause(isBusy(answer) ? 'busy' : 'lost', Math.max(answer.wait || 0, Math.min(2 ** tries, 30)));
  }
  isSending = false;
}

function leave(said) {
  isTyped = false;
  forget(ofThisRace);
  location.assign((language === 'en' ? '/en' : '') + new URL(said.status_url, location.href).pathname);
}

function refused(said) {
  globalThis.turnstile?.reset();
  const people = { already_registered: 'already_registered', already_waiting: 'already_waiting' }[said.code];
  const found = said.code?.startsWith('promo_') ? [['promo_code', said.detail]] : people
    ? (said.participants ?? []).map((index) => [`p${index + 1}-full_name`, texts[people]])
    : (said.errors ?? []).map(({ field, message }) => [fieldOf(field), message]);
  if (found.length) showErrors(found);
  if (!found.length || people) showNotice(said);
  if (said.code === 'idempotency_key_reused') stored.remove(keyName);
}

function fieldOf(path) {
  if (path === 'promo_code') return path;
  const [, index, field] = /^participants\.(\d+)(?:\.(\w+))?/.exec(path) ?? [];
  return index === undefined ? 'pic' : `p${Number(index) + 1}-${field ?? 'full_name'}`;
}

function showNotice(said) {
  const notice = $('[data-notice]');
  notice.hidden = !said;
  if (!said) return;
  const own = said.code?.startsWith('challenge') ? texts.challenge : said.code === 'idempotency_key_reused' && texts[said.code];
  const left = said.places_left;
  $('[data-notice-text]').textContent = own || [said.detail, said.code === 'category_full' && say('left', { left })].filter(Boolean).join(' ');
  notice.querySelectorAll('[data-for]').forEach((part) => { part.hidden = !part.dataset.for.split(' ').includes(said.code); });
  notice.querySelectorAll('[data-needs]').forEach((way) => { way.hidden = said.code === 'category_full' && Number(way.dataset.needs) > left; });
  if (!$('[data-errors]')) notice.scrollIntoView({ block: 'center' });
}

// The review of a group: its script is fetched when it is needed. Without it, the server shows the group.

const review = $('[data-review]');

function showReview() {
  import(form.dataset.reviewScript).then(({ lines }) => {
    $('[data-review-list]').replaceChildren(...lines({ numbers, participant, value, birth, copies, make }));
    if (!review.open) review.showModal();
    review.scrollTop = 0;
  }, () => form.submit());
}

$('[data-back]', review ?? form)?.addEventListener('click', () => review.close());
$('[data-send]', review ?? form)?.addEventListener('click', (event) => {
  if (event.detail > 1) return; // the second tap on the button below
  review.close();
  send();
});

form.addEventListener('submit', (event) => {
  const step = event.submitter?.name === 'step' && event.submitter.value;
  if (step === 'correct') return; // the same form in the other language
  event.preventDefault();
  if (step) {
    checkCode();
    return;
  }
  if (isSending) return;
  keepDraft();
  const found = numbers.flatMap(problems);
  if (found.length) {
    showErrors(found);
    return;
  }
  clearErrors();
  if (review) showReview();
  else send();
});

// A page that comes back from the browser's memory after it was left may send again.
addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  sending.close();
  isSending = false;
});

$('[data-errors]')?.focus();
showProgress();
