// The key / leads to the search, unless somebody is typing. On phones, the menu shows where one is.

const field = document.querySelector("[data-search]");
const isTyping = (element) => element instanceof HTMLElement && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName));

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (!field || isTyping(event.target)) return;
  event.preventDefault();
  field.focus();
  field.select();
});

const here = document.querySelector(".console-menu [aria-current]");
const menu = here?.closest(".console-menu");
if (menu) menu.scrollLeft = here.offsetLeft - (menu.clientWidth - here.offsetWidth) / 2;
