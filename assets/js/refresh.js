// A form with data-refresh-seconds asks for a fresh reading of what the page shows: at once, then again and again while
// somebody looks, and when it is pressed. The page's own polling then shows what came of it.
import { announce } from "./announce.js";
import { hurryPolls } from "./poll.js";

const TICK_MS = 1000;
const READ_MS = 1500;
const askedAt = new WeakMap();

async function ask(form, button) {
  askedAt.set(form, Date.now());
  button?.setAttribute("aria-busy", "true");
  const answer = await fetch(form.action, {
    method: "POST",
    body: new FormData(form),
    headers: { "X-Fragment": "1" },
  }).catch(() => null);
  hurryPolls(READ_MS);
  if (!button) return;
  setTimeout(() => button.removeAttribute("aria-busy"), READ_MS);
  announce(answer?.ok ? "Reading again" : "Could not be asked for");
}

function tick() {
  if (document.hidden) return;
  for (const form of document.querySelectorAll("form[data-refresh-seconds]")) {
    const since = Date.now() - (askedAt.get(form) ?? 0);
    if (since >= Number(form.dataset.refreshSeconds) * 1000) ask(form);
  }
}

export function startRefreshing() {
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-refresh-seconds]");
    if (!form) return;
    event.preventDefault();
    if (!event.submitter?.hasAttribute("aria-busy")) ask(form, event.submitter);
  });
  tick();
  setInterval(tick, TICK_MS);
}
