// What the app says: words of the page, in its language, and moments in the phone's zone.

const words = document.getElementById("words").content;
const locale = document.documentElement.lang === "id" ? "id-ID" : "en-GB";
const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
const dayAndClock = new Intl.DateTimeFormat(locale, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

export const language = document.documentElement.lang;

/** Return a text, with the values in its braces. */
export function word(name, values = {}) {
  const text = words.querySelector(`[data-word="${name}"]`).textContent;
  return text.replace(/\{(\w+)\}/g, (braces, key) => values[key] ?? braces);
}

export function hasWord(name) {
  return words.querySelector(`[data-word="${name}"]`) !== null;
}

/** Return when something was: today the time is enough. */
export function moment(iso) {
  const then = new Date(iso);
  return (then.toDateString() === new Date().toDateString() ? clock : dayAndClock).format(then);
}

/** Return how long ago something was, in whole minutes. */
export function ago(iso) {
  const minutes = Math.floor((Date.now() - Date.parse(iso)) / 60000);
  return minutes < 1 ? word("just_now") : minutes < 120 ? word("minutes_ago", { count: minutes }) : moment(iso);
}
