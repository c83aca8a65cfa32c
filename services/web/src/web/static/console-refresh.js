// Parts of a page that refresh themselves ([data-refresh], by htmx) rest while nobody looks, and when somebody says so.
"use strict";
(() => {
  const stop = document.querySelector("[data-refresh-stop]");
  const stale = document.querySelector("[data-refresh-stale]");
  const isRefresh = (event) => event.target instanceof Element && event.target.matches("[data-refresh]");
  const isStopped = () => stop?.getAttribute("aria-pressed") === "true";
  const refreshNow = () => {
    for (const each of document.querySelectorAll("[data-refresh]")) each.dispatchEvent(new CustomEvent("refresh"));
  };

  document.addEventListener("htmx:before:request", (event) => {
    if (isRefresh(event) && (document.hidden || isStopped())) event.preventDefault();
  });

  // An error leaves what is shown; the end of the session leads to the login.
  document.addEventListener("htmx:before:response", (event) => {
    const status = event.detail.ctx.response.status;
    if (!isRefresh(event) || status === 401) return;
    if (stale) stale.hidden = status < 400;
    if (status >= 400) event.preventDefault();
  });
  document.addEventListener("htmx:error", (event) => {
    if (isRefresh(event) && stale) stale.hidden = false;
  });

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refreshNow();
  });

  if (stop) {
    stop.hidden = false;
    stop.addEventListener("click", () => {
      stop.setAttribute("aria-pressed", String(!isStopped()));
      if (!isStopped()) refreshNow();
    });
  }
})();
