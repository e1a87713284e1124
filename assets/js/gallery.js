// The gallery without an end: the next page is fetched before it is reached, and pages far away are emptied (their
// height stays), so that however far somebody scrolls the document holds a few of them. Without a script: "Older".
import { announce } from "./announce.js";

const NEAR = "1500px 0px";
const FAR = "4500px 0px";

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
  first?.classList.toggle("month--goes-on", Boolean(last) && first.dataset.month === last);
}

class Gallery {
  constructor(root) {
    this.pages = root.querySelector("[data-gallery-pages]");
    this.foot = root.querySelector("[data-gallery-more]");
    this.links = [...root.querySelectorAll("[data-month-link]")];
    const first = this.pages.querySelector("[data-gallery-page]");
    first.dataset.url = location.href;
    this.near = new IntersectionObserver((seen) => this.reached(seen), { rootMargin: NEAR });
    this.far = new IntersectionObserver((seen) => this.left(seen), { rootMargin: FAR });
    this.watch(first);
    this.near.observe(this.foot);
    addEventListener("scroll", () => this.mark(), { passive: true });
    this.mark();
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
    page.replaceChildren(...fresh.childNodes);
    page.style.blockSize = "";
    join(page.previousElementSibling, page);
    document.dispatchEvent(new CustomEvent("gallery:page", { detail: page }));
  }

  async more() {
    const last = [...this.pages.querySelectorAll("[data-gallery-page]")].at(-1);
    const url = last.dataset.older && new URL(last.dataset.older, location.href).href;
    if (!url || this.isBusy) return;
    this.isBusy = true;
    const page = await fetched(url);
    this.isBusy = false;
    // What the foot says leads onwards all the same, by the link that was there from the start.
    if (!page) return;
    page.dataset.url = url;
    join(last, page);
    last.after(page);
    this.watch(page);
    const link = this.foot.querySelector("[rel=next]");
    if (page.dataset.older) link?.setAttribute("href", page.dataset.older);
    else this.foot.hidden = true;
    announce("More assets");
    document.dispatchEvent(new CustomEvent("gallery:page", { detail: page }));
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
      link.toggleAttribute("aria-current", isHere);
      if (isHere) link.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }
}

export function startGallery() {
  const root = document.querySelector("[data-gallery]");
  if (root) new Gallery(root);
}
