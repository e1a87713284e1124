// The gallery without an end, either way: the next page is fetched before it is reached, and pages far away are emptied
// (their height stays), so that however far somebody scrolls the document holds a few of them. Without a script: "Newer"
// and "Older". The address says which page is looked at, so that a reload, Back and what is done with a selection lead there.
import { announce } from "./announce.js";

const NEAR = "1500px 0px";
const FAR = "4500px 0px";
const AHEAD = 1500;
// Safari takes a hundred addresses in half a minute.
const RESTED_MS = 350;
let finger = 0;
// What somebody does who wants further up where the document begins.
const UPWARDS = {
  wheel: ({ deltaY }) => deltaY < 0,
  touchstart: ({ touches }) => {
    finger = touches[0].clientY;
  },
  touchmove: ({ touches }) => touches[0].clientY > finger,
  keydown: ({ key }) => key === "ArrowUp" || key === "PageUp",
};

async function fetched(url) {
  const answer = await fetch(url, { headers: { "X-Fragment": "1", Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-gallery-page]");
  return page && document.adoptNode(page);
}

/** A month that goes on from the page above must not begin again. */
function join(above, below) {
  const last = above?.querySelector(":scope > .month:last-child")?.dataset.month ?? above?.dataset.lastMonth;
  const first = below.querySelector(".month");
  const goesOn = Boolean(last) && first?.dataset.month === last;
  first?.classList.toggle("month--goes-on", goesOn);
  return goesOn;
}

const lastList = (page) => page.querySelector(":scope > .month:last-child > .shots");
const firstList = (page) => page.querySelector(".shots");

/** Has the rows of a month run on over the end of a page: what stands in its last one leads the page below. */
function lend(above, below) {
  const upper = lastList(above);
  if (!upper) return;
  upper.append(...(below.borrowed ?? []));
  upper.classList.add("shots--go-on");
  const tiles = [...upper.children], row = tiles.at(-1).offsetTop;
  below.borrowed = tiles.filter((tile) => tile.offsetTop === row);
  below.lentAt = below.clientWidth;
  firstList(below).prepend(...below.borrowed);
}

/** Lays out anew what the page below has borrowed, after one of the two was filled or has another width. */
function share(above, below) {
  if (!above || !below?.borrowed) return;
  const upper = lastList(above), lower = firstList(below);
  upper?.classList.add("shots--go-on");
  if (lower && !lower.contains(below.borrowed[0])) lower.prepend(...below.borrowed);
  if (upper && lower && below.lentAt !== below.clientWidth) lend(above, below);
}

class Gallery {
  constructor(root) {
    this.selection = document.querySelector("[data-selection]");
    this.pages = root.querySelector("[data-gallery-pages]");
    this.foot = root.querySelector("[data-gallery-more]");
    this.links = [...root.querySelectorAll("[data-month-link]")];
    const first = this.pages.querySelector("[data-gallery-page]");
    // By its own rows: what has come above them since would push others out of a page counted from the newest.
    first.dataset.url = new URL(first.dataset.here, location.href).href;
    this.near = new IntersectionObserver((seen) => this.reached(seen), { rootMargin: NEAR });
    this.far = new IntersectionObserver((seen) => this.left(seen), { rootMargin: FAR });
    this.watch(first);
    this.near.observe(this.foot);
    this.busy = new Set();
    this.stand();
    this.at = scrollY;
    addEventListener("scroll", () => this.scrolled(), { passive: true });
    for (const [kind, isUp] of Object.entries(UPWARDS)) {
      addEventListener(kind, (event) => {
        if (scrollY <= 0 && isUp(event) && !event.target.closest?.("form, dialog")) this.newer();
      }, { passive: true });
    }
    new ResizeObserver(() => this.resized()).observe(this.pages);
    this.mark();
  }

  /** Leads to where one was before a reload, or before going on to a page that one comes back from. */
  stand() {
    const { shot, top } = history.state ?? {};
    const tile = shot && this.pages.querySelector(`[data-shot="${shot}"]`);
    if (tile) scrollBy({ top: tile.getBoundingClientRect().top - top, behavior: "instant" });
    // A browser's own way back counts on all the pages that had come.
    history.scrollRestoration = "manual";
  }

  /** Keeps the place where the page came to rest. */
  keep() {
    const edge = this.selection.getBoundingClientRect().bottom, tiles = [...this.pages.querySelectorAll("[data-shot]")];
    const tile = tiles.find((one) => one.getBoundingClientRect().bottom > edge);
    if (!tile) return;
    const { shot } = tile.dataset, held = tile.closest("[data-gallery-page]");
    const page = held.borrowed?.includes(tile) ? held.previousElementSibling : held;
    const address = new URL(page.dataset.here, location.href);
    const isNewest = !page.previousElementSibling && !page.dataset.newer;
    if (isNewest) address.searchParams.delete("page");
    this.selection.elements.at.value = isNewest && tile === tiles[0] ? "" : shot;
    history.replaceState({ shot, top: tile.getBoundingClientRect().top }, "", address);
  }

  watch(page) {
    this.near.observe(page);
    this.far.observe(page);
  }

  reached(seen) {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      if (target === this.foot) this.more();
      else if (target.dataset.emptied) this.fill(target);
    }
  }

  left(seen) {
    for (const { target, isIntersecting } of seen) {
      if (isIntersecting || target.dataset.emptied || !target.firstElementChild) continue;
      if (target.contains(document.activeElement)) continue;
      target.style.blockSize = `${target.offsetHeight}px`;
      target.dataset.lastMonth = target.querySelector(":scope > .month:last-child").dataset.month;
      target.dataset.emptied = "1";
      target.replaceChildren();
    }
  }

  async fill(page) {
    delete page.dataset.emptied;
    const fresh = await fetched(page.dataset.url);
    if (!fresh) {
      page.dataset.emptied = "1";
      return;
    }
    const { previousElementSibling: above, nextElementSibling: below } = page;
    for (const { dataset } of below?.borrowed ?? []) fresh.querySelector(`[data-shot="${dataset.shot}"]`)?.remove();
    page.replaceChildren(...fresh.childNodes);
    page.style.blockSize = "";
    join(above, page);
    share(above, page);
    share(page, below);
    document.dispatchEvent(new CustomEvent("gallery:page", { detail: page }));
  }

  scrolled() {
    const isUp = scrollY < this.at;
    this.at = scrollY;
    this.mark();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.keep(), RESTED_MS);
    // At the very top the heading and the filter can be read in peace.
    if (isUp && scrollY > 0 && scrollY < AHEAD) this.newer();
  }

  resized() {
    if (this.width === this.pages.clientWidth) return;
    this.width = this.pages.clientWidth;
    for (const page of this.pages.querySelectorAll("[data-gallery-page]")) share(page.previousElementSibling, page);
  }

  /** Fetches the page beyond an end of those that are there; null where there is none, or it is on its way. */
  async beyond(page, side) {
    const url = page.dataset[side] && new URL(page.dataset[side], location.href).href;
    if (!url || this.busy.has(side)) return null;
    this.busy.add(side);
    const next = await fetched(url);
    this.busy.delete(side);
    // What the foot says leads onwards all the same, by the links that were there from the start.
    if (next) next.dataset.url = url;
    return next;
  }

  arrived(page, words) {
    this.watch(page);
    announce(words);
    document.dispatchEvent(new CustomEvent("gallery:page", { detail: page }));
  }

  async newer() {
    const first = this.pages.querySelector("[data-gallery-page]");
    const page = await this.beyond(first, "newer");
    if (!page) return;
    first.dataset.newer = "";
    if (!page.firstElementChild) return;
    const tile = first.querySelector("[data-shot]") ?? first, stood = tile.getBoundingClientRect().top;
    const moved = () => tile.getBoundingClientRect().top - stood;
    first.before(page);
    join(page, first);
    // What is looked at stays where it is, though no browser anchors it at the very top, and some nowhere.
    scrollBy({ top: moved(), behavior: "instant" });
    if (moved() >= 1) {
      // Too little stands beneath to be scrolled so far: room is left there.
      this.pages.style.paddingBlockEnd = `${moved()}px`;
      scrollBy({ top: moved(), behavior: "instant" });
    }
    this.arrived(page, "Newer assets");
  }

  async more() {
    const last = [...this.pages.querySelectorAll("[data-gallery-page]")].at(-1);
    const page = await this.beyond(last, "older");
    if (!page) return;
    last.after(page);
    if (join(last, page)) lend(last, page);
    const link = this.foot.querySelector("[rel=next]");
    if (page.dataset.older) link?.setAttribute("href", page.dataset.older);
    else this.foot.hidden = true;
    this.arrived(page, "More assets");
    // Observed anew: if the end is still near, it is asked for again.
    this.near.unobserve(this.foot);
    this.near.observe(this.foot);
  }

  mark() {
    const months = [...this.pages.querySelectorAll(".month")];
    const here = months.findLast((month) => month.getBoundingClientRect().top < innerHeight / 3) ?? months[0];
    for (const link of this.links) {
      const isHere = link.dataset.monthLink === here?.dataset.month;
      if (isHere === link.hasAttribute("aria-current")) continue;
      if (isHere) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
      if (isHere) link.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }
}

export function startGallery() {
  const root = document.querySelector("[data-gallery]");
  if (root) new Gallery(root);
}
