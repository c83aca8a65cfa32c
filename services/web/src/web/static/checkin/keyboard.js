// Hardware scanners: they type a code and Enter, faster than people, wherever the focus is.

const CODE = /^[0-9a-f]{32}$/i;
const PAUSE_MS = 300;

export const isTicketCode = (text) => CODE.test(text.trim());

/** `onCode` hears codes that are typed outside of fields; in the search field `onCode` is asked before the search. */
export function listen(onCode) {
  let typed = "", last = 0;
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input, textarea, select")) return;
    if (event.timeStamp - last > PAUSE_MS) typed = "";
    last = event.timeStamp;
    if (event.key.length === 1) typed += event.key;
    if (event.key !== "Enter" || !isTicketCode(typed)) return;
    event.preventDefault();
    event.stopPropagation();
    onCode(typed);
    typed = "";
  }, { capture: true });
}
