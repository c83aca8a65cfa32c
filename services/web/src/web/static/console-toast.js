// Lets the word on a change go away: by its button, or when it had time to be read. While its page is hidden, or it is
// pointed at or focused, it stays.
"use strict";
const LEAST = 6000;
const FOR_A_CHARACTER = 100;

for (const toast of document.querySelectorAll("[data-toast]")) {
  const words = toast.querySelector("[role=status]");
  const close = toast.querySelector("button");
  const milliseconds = Math.max(LEAST, FOR_A_CHARACTER * words.textContent.length);
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    if (!document.hidden && !toast.matches(":hover, :focus-within")) timer = setTimeout(() => { toast.hidden = true; }, milliseconds);
  };

  close.hidden = false;
  close.addEventListener("click", () => { toast.hidden = true; });
  for (const name of ["mouseenter", "mouseleave", "focusin"]) toast.addEventListener(name, wait);
  toast.addEventListener("focusout", () => setTimeout(wait)); // only then it has no focus any more
  document.addEventListener("visibilitychange", wait);
  // A screen reader speaks what changes, not what a page came with.
  setTimeout(() => { words.textContent = `${words.textContent}`; });
  wait();
}
