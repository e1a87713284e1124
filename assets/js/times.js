// Keeps "4 min ago" true while a page stays open, and lets its age stamps go amber and red.
// The words are those of dashboard/lib/presentation.py.

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const RELATIVE_LIMIT = 30 * DAY;
const REFRESH_MS = 20_000;

function span(seconds) {
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  const days = Math.floor(seconds / DAY);
  return days === 1 ? "1 day" : `${days} days`;
}

/** Seconds since a moment -> words, or null where the server's own date should stay. */
export function relative(seconds) {
  const distance = Math.abs(seconds);
  if (distance >= RELATIVE_LIMIT) return null;
  if (distance < MINUTE) return seconds >= 0 ? "just now" : "in under a minute";
  return seconds > 0 ? `${span(distance)} ago` : `in ${span(distance)}`;
}

function stamp(age, seconds) {
  const isLate = seconds >= Number(age.dataset.lateAfter);
  const isStale = seconds >= Number(age.dataset.staleAfter);
  const [tone, word] = isLate ? ["bad", "out of date"] : isStale ? ["warn", "stale"] : ["neutral", "fresh"];
  age.classList.remove("tone-neutral", "tone-warn", "tone-bad");
  age.classList.add(`tone-${tone}`);
  age.querySelector(".age__word").textContent = `(${word})`;
}

function refresh() {
  if (document.hidden) return;
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const seconds = Math.trunc((Date.now() - Date.parse(time.dateTime)) / 1000);
    const words = relative(seconds);
    if (words && words !== time.textContent) time.textContent = words;
    const age = time.closest("[data-stale-after]");
    if (age) stamp(age, seconds);
  }
}

export function startTimes() {
  setInterval(refresh, REFRESH_MS);
  document.addEventListener("visibilitychange", refresh);
}
