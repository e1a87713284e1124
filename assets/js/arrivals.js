// [data-arrivals] leads to the newest rows; here they are taken into the list that is open. What the reader was looking
// at stays where it was on the screen, and what is new is marked.
import { announce } from "./announce.js";

// So many pages of new rows are fetched to reach what is in the list, and so many rows are held, at most.
const MOST_PAGES = 4;
const MOST_ROWS = 400;
let isTaking = false;

const rowsOf = (list) => new Map([...list.querySelectorAll("details[id^=event-]")].map((one) => [one.id, one.closest("li")]));

/** The first row that is wholly on the screen, and how far from its upper edge. */
function placeIn(list) {
  for (const [id, row] of rowsOf(list)) {
    const { top } = row.getBoundingClientRect();
    if (top >= 0) return { id, top };
  }
  return null;
}

async function listAt(url) {
  const answer = await fetch(url, { headers: { "X-Fragment": "1", Accept: "text/html" } }).catch(() => null);
  const text = answer?.ok && !answer.redirected ? await answer.text() : "";
  const list = new DOMParser().parseFromString(text, "text/html").getElementById("ledger");
  return list && document.adoptNode(list);
}

/** Ends a list with rows that follow on its own, and with their way to what is older. */
function append(list, rows, foot) {
  const timeline = list.querySelector(".timeline");
  const day = [...timeline.querySelectorAll(".timeline__day")].at(-1);
  const [first, ...others] = rows;
  const isSameDay = first?.matches(".timeline__day") && first.textContent === day?.textContent;
  timeline.append(...(isSameDay ? others : rows));
  list.querySelector(".card__foot")?.remove();
  if (foot) list.append(foot);
}

/** Fetches what came before the oldest of the new rows, until something is in the list; false: it could not be read. */
async function reach(fresh, known) {
  for (let page = 0; page < MOST_PAGES; page += 1) {
    if ([...rowsOf(fresh).keys()].some((id) => known.has(id))) return true;
    const older = fresh.querySelector("[rel=next]");
    if (!older) return true;
    const next = await listAt(older.href);
    if (!next?.querySelector(".timeline")) return false;
    append(fresh, [...next.querySelector(".timeline").children], next.querySelector(".card__foot"));
  }
  return true;
}

/** Keeps what stands beneath the last row that both have: the reader may be there. */
function lengthen(fresh, list) {
  const known = rowsOf(list);
  const last = [...rowsOf(fresh).keys()].findLast((id) => known.has(id));
  const rest = [];
  for (let row = known.get(last)?.nextElementSibling; row; row = row.nextElementSibling) rest.push(row);
  if (rest.length) append(fresh, rest, list.querySelector(".card__foot"));
}

function swap(list, fresh) {
  const place = scrollY > 0 ? placeIn(list) : null;
  const known = rowsOf(list);
  if (known.size < MOST_ROWS) lengthen(fresh, list);
  for (const id of known.keys()) {
    if (list.querySelector(`#${id}`)?.open) fresh.querySelector(`#${id}`)?.setAttribute("open", "");
  }
  list.replaceWith(fresh);
  const rows = rowsOf(fresh);
  const added = [...rows.keys()].filter((id) => !known.has(id));
  added.forEach((id) => rows.get(id).classList.add("event--new"));
  const row = place && rows.get(place.id);
  if (row) scrollBy({ top: row.getBoundingClientRect().top - place.top, behavior: "instant" });
  else if (place) fresh.scrollIntoView({ behavior: "instant" });
  const first = rows.get(added[0])?.querySelector("a");
  first?.focus({ preventScroll: true });
  announce(added.length === 1 ? "1 new event is in the list" : `${added.length} new events are in the list`);
}

async function take(link) {
  const list = document.getElementById("ledger");
  link.setAttribute("aria-busy", "true");
  const fresh = await listAt(link.href);
  const isList = fresh?.querySelector(".timeline") && list.querySelector(".timeline");
  if (isList && (await reach(fresh, rowsOf(list)))) swap(list, fresh);
  else location.assign(link.href);
}

export function startArrivals() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-arrivals]");
    // Elsewhere than on the first page the new rows have no place: there it is a link like any other.
    const isPlain = link && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!isPlain || new URLSearchParams(location.search).has("page")) return;
    event.preventDefault();
    // The link is replaced as more comes in: that it is busy is not the link's to know.
    if (isTaking) return;
    isTaking = true;
    take(link).finally(() => {
      isTaking = false;
    });
  });
}
