// [data-arrivals] leads to the newest rows; here they are taken into the list that is open. What the reader was looking
// at stays where it was on the screen, and what is new is marked.
import { announce } from "./announce.js";

const rowsOf = (list) => new Map([...list.querySelectorAll("details[id^=event-]")].map((one) => [one.id, one.closest("li")]));

/** The first row that is wholly on the screen, and how far from its upper edge. */
function placeIn(list) {
  for (const [id, row] of rowsOf(list)) {
    const { top } = row.getBoundingClientRect();
    if (top >= 0) return { id, top };
  }
  return null;
}

function swap(list, fresh) {
  const place = scrollY > 0 ? placeIn(list) : null;
  const known = rowsOf(list);
  for (const id of known.keys()) {
    if (list.querySelector(`#${id}`).open) fresh.querySelector(`#${id}`)?.setAttribute("open", "");
  }
  list.replaceWith(fresh);
  const rows = rowsOf(fresh);
  const added = [...rows.keys()].filter((id) => !known.has(id));
  added.forEach((id) => rows.get(id).classList.add("event--new"));
  const row = place && rows.get(place.id);
  if (row) scrollBy({ top: row.getBoundingClientRect().top - place.top, behavior: "instant" });
  const first = rows.get(added[0])?.querySelector("a");
  first?.focus({ preventScroll: true });
  announce(`${added.length} new events are in the list`);
}

async function take(link) {
  const list = document.getElementById("ledger");
  link.setAttribute("aria-busy", "true");
  const answer = await fetch(link.href, { headers: { "X-Fragment": "1", Accept: "text/html" } }).catch(() => null);
  const text = answer?.ok && !answer.redirected ? await answer.text() : "";
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("ledger");
  if (!fresh) location.assign(link.href);
  else swap(list, document.adoptNode(fresh));
}

export function startArrivals() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-arrivals]");
    // Elsewhere than on the first page the new rows have no place: there it is a link like any other.
    const isPlain = link && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!isPlain || new URLSearchParams(location.search).has("page")) return;
    event.preventDefault();
    if (!link.hasAttribute("aria-busy")) take(link);
  });
}
