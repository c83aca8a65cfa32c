// Inserts a variable where the cursor is. Without this script variables are typed.

const fields = [...document.querySelectorAll("[data-writes]")];
let last = fields.at(-1);

function insert(text) {
  const [start, end] = [last.selectionStart ?? last.value.length, last.selectionEnd ?? last.value.length];
  last.setRangeText(text, start, end, "end");
  last.focus();
  last.dispatchEvent(new Event("input", { bubbles: true }));
}

function makeButton(variable) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "variable";
  button.title = variable.dataset.text;
  button.append(variable.cloneNode(true));
  button.firstChild.className = "";
  button.addEventListener("click", () => {
    if (variable.dataset.notInSubject !== undefined && last.id === "subject") last = document.getElementById("body");
    insert(`{${variable.dataset.insert}}`);
  });
  variable.replaceWith(button);
}

if (last) {
  fields.forEach((field) => field.addEventListener("focus", () => { last = field; }));
  document.querySelectorAll("[data-insert]").forEach(makeButton);
}
