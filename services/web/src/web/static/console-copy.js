// Buttons that copy a text. Without this script, the text beside them is selected by a tap.
"use strict";
const spoken = document.createElement("p");
spoken.className = "sr";
spoken.setAttribute("role", "status");
document.body.append(spoken);

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

for (const button of document.querySelectorAll("[data-copy]")) {
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await copy(button.dataset.copy);
    button.textContent = spoken.textContent = button.dataset.textCopied;
    button.focus();
    setTimeout(() => {
      button.textContent = label;
      spoken.textContent = "";
    }, 2000);
  });
}
