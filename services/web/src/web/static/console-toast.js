// Lets the word on a change go away: by its button, or when it had time to be read and is neither pointed at nor focused.
"use strict";
const milliseconds = 6000;

for (const toast of document.querySelectorAll("[data-toast]")) {
  const words = toast.querySelector("[role=status]");
  const close = toast.querySelector("button");
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    if (!toast.matches(":hover, :focus-within")) timer = setTimeout(() => { toast.hidden = true; }, milliseconds);
  };
  const stay = () => clearTimeout(timer);

  close.hidden = false;
  close.addEventListener("click", () => { toast.hidden = true; });
  toast.addEventListener("mouseenter", stay);
  toast.addEventListener("focusin", stay);
  toast.addEventListener("mouseleave", wait);
  toast.addEventListener("focusout", () => setTimeout(wait));
  // A screen reader speaks what changes, not what a page came with.
  setTimeout(() => { words.textContent = `${words.textContent}`; });
  wait();
}
