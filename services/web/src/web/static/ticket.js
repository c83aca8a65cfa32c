// Shows the buttons that print, and keeps the screen on while a ticket is shown alone.
for (const button of document.querySelectorAll("[data-print]")) {
  button.dataset.ready = "";
  button.addEventListener("click", () => window.print());
}

const keepAwake = () => navigator.wakeLock?.request("screen").catch(() => {});

if (document.querySelector("[data-awake]")) {
  keepAwake();
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && keepAwake());
}
