// An element with data-poll-url and data-poll-seconds asks for itself again and is replaced by the answer, until the
// answer no longer asks. It waits while the tab is hidden or the person is typing or selecting inside it, and asks less
// often while the server does not answer. A header of its own asks the page's view for the fragment alone.
import { announce } from "./announce.js";

const TICK_MS = 500;
const SLOWEST_SECONDS = 60;
const waiting = new WeakMap();

function plan(element, { failures = 0 } = {}) {
  const seconds = Math.min(Number(element.dataset.pollSeconds || 5) * 2 ** failures, SLOWEST_SECONDS);
  waiting.set(element, { dueAt: Date.now() + seconds * 1000, failures, isBusy: false });
}

function isInUse(element) {
  const active = document.activeElement;
  const isTyping = element.contains(active) && active.matches("input:not([type=hidden]), textarea, select");
  const selection = getSelection();
  return isTyping || (!selection.isCollapsed && selection.containsNode(element, true));
}

/** Puts the new element in the old one's place; focus and what was folded open stay where they were. */
function swap(element, fresh) {
  const focusId = element.contains(document.activeElement) ? document.activeElement.id : "";
  for (const { id } of element.querySelectorAll("details[open][id]")) {
    fresh.querySelector(`details#${CSS.escape(id)}`)?.setAttribute("open", "");
  }
  element.replaceWith(fresh);
  if (focusId) document.getElementById(focusId)?.focus({ preventScroll: true });
  if (fresh.dataset.pollSays && fresh.dataset.pollSays !== element.dataset.pollSays) announce(fresh.dataset.pollSays);
}

async function ask(element, state) {
  state.isBusy = true;
  const headers = { "X-Fragment": "1", Accept: "text/html" };
  const answer = await fetch(element.dataset.pollUrl, { headers }).catch(() => null);
  // Led elsewhere (signed out) or refused for good: the next click will say why, asking again will not.
  if (answer?.redirected || [401, 403, 404, 410].includes(answer?.status)) {
    element.removeAttribute("data-poll-url");
    element.setAttribute("data-poll-lost", "");
    return;
  }
  if (!answer?.ok) {
    element.toggleAttribute("data-poll-lost", state.failures > 0);
    plan(element, { failures: state.failures + 1 });
    return;
  }
  element.removeAttribute("data-poll-lost");
  const text = await answer.text();
  const fresh = new DOMParser().parseFromString(text, "text/html").body.firstElementChild;
  plan(element);
  if (!fresh || fresh.isEqualNode(element) || isInUse(element)) return;
  swap(element, document.adoptNode(fresh));
}

function tick() {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[data-poll-url]")) {
    const state = waiting.get(element);
    if (!state) plan(element);
    else if (!state.isBusy && state.dueAt <= Date.now()) ask(element, state);
  }
}

/** Lets every part that polls ask again within so many milliseconds. */
export function hurryPolls(ms) {
  for (const element of document.querySelectorAll("[data-poll-url]")) {
    const state = waiting.get(element);
    if (state) state.dueAt = Math.min(state.dueAt, Date.now() + ms);
  }
}

export function startPolling() {
  setInterval(tick, TICK_MS);
}
