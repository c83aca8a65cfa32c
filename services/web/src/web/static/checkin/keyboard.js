// Hardware scanners: they type a code and Enter, faster than people, wherever the focus is.

const CODE = /^[0-9a-f]{32}$/i;
const CODE_AT_END = /[0-9a-f]{32}$/i;
const PAUSE_MS = 1000;
const FASTEST_FINGERS_MS = 35;
const SHORTEST = 6;

export const isTicketCode = (text) => CODE.test(text.trim());

/** `onScan` hears what a scanner types. The Enter of a scanner presses no button, and fields stay as they were. */
export function listen(onScan) {
  let run = null;
  addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Shift") return;
      if (!run || event.timeStamp - run.last > PAUSE_MS || run.target !== event.target) run = begun(event);
      run.last = event.timeStamp;
      if (event.key.length === 1) run.typed += event.key;
      if (event.key !== "Enter") return;
      const scanned = scannedBy(run);
      if (scanned === null) return;
      event.preventDefault();
      event.stopPropagation();
      takeOut(run.target, scanned);
      run = null;
      onScan(scanned);
    },
    { capture: true },
  );
}

const begun = (event) => ({ target: event.target, typed: "", first: event.timeStamp, last: event.timeStamp });

/** Return what a scanner typed; null if it was a person. */
function scannedBy({ typed, first, last }) {
  const [code] = CODE_AT_END.exec(typed) ?? [];
  if (code) return code;
  const isFast = typed.length >= SHORTEST && (last - first) / typed.length < FASTEST_FINGERS_MS;
  return isFast ? typed : null;
}

/** Have a field say what it said before the scan. */
function takeOut(target, scanned) {
  if (!target.matches?.("input, textarea") || !target.value.endsWith(scanned)) return;
  target.value = target.value.slice(0, -scanned.length);
  target.dispatchEvent(new Event("input", { bubbles: true }));
}
