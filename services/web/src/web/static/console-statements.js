// Keys for the lines of a statement: J and K go down and up, V accepts the line, O opens it. Without this script the
// buttons and links of each line do the same.

const list = document.querySelector("[data-lines]");
const rows = list ? [...list.querySelectorAll("[data-line]")] : [];

function current() {
  return rows.indexOf(document.activeElement?.closest("[data-line]"));
}

function focusRow(index) {
  const row = rows[Math.min(Math.max(index, 0), rows.length - 1)];
  (row?.querySelector("[data-accept]") ?? row?.querySelector("[data-open]"))?.focus();
  row?.scrollIntoView({ block: "nearest" });
}

const keys = {
  j: () => focusRow(current() + 1),
  k: () => focusRow(current() - 1),
  v: () => rows[current()]?.querySelector("[data-accept]")?.click(),
  o: () => rows[current()]?.querySelector("[data-open]")?.click(),
};

if (rows.length) {
  for (const words of list.querySelectorAll("[data-keys]")) words.hidden = false;
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.matches("input:not([type=checkbox]), textarea, select");
    if (isTyping || event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
    const act = keys[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
