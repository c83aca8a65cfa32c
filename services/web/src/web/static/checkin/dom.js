// The parts of the page that scripts fill in.

export const one = (selector, within = document) => within.querySelector(selector);
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/** Show a text where the page has room for it; the place is hidden while there is none. */
export function show(name, text) {
  for (const place of all(`[data-show="${name}"]`)) {
    place.textContent = text ?? "";
    place.hidden = !text && text !== 0;
  }
}

export function element(tag, { className, text, ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter(Boolean));
  return made;
}

export function view(name) {
  document.body.dataset.view = name;
  for (const each of all("[data-view]", one("main"))) each.hidden = each.dataset.view !== name;
}

export const sheet = (name) => one(`[data-sheet="${name}"]`);

export function openSheet(name) {
  const wanted = sheet(name);
  for (const each of all("dialog[open]")) if (each !== wanted) each.close();
  if (!wanted.open) wanted.showModal();
}

export const closeSheets = () => all("dialog[open]").forEach((each) => each.close());
export const hasOpenSheet = () => one("dialog[open]") !== null;
