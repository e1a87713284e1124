// Selecting in the gallery: what is picked stays picked while pages come and go, and from visit to visit within the tab.
// Shift takes the range, arrows walk the grid, x picks. Sent as one field; without a script each box sends itself.

const shots = () => [...document.querySelectorAll("[data-shot]")];
const boxOf = (shot) => shot.querySelector("input[type=checkbox]");

class Picking {
  constructor(form) {
    this.form = form;
    this.key = `picked:${form.action}`;
    // In the order in which they stand, those of emptied pages too: a range may begin there.
    this.order = [];
    this.last = null;
    this.recall();
    addEventListener("pageshow", ({ persisted }) => {
      if (!persisted) return;
      form.elements.everything.checked = false;
      this.recall();
    });
    document.addEventListener("gallery:page", ({ detail }) => this.take(detail));
    document.addEventListener("click", (event) => this.click(event));
    document.addEventListener("keydown", (event) => this.key_(event));
    form.addEventListener("change", () => this.show());
    form.querySelector("[data-selection-clear]").addEventListener("click", () => this.clear());
    form.addEventListener("submit", ({ submitter }) => this.send(submitter?.value));
    form.elements.tag?.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      form.requestSubmit(form.querySelector("[value=tag]"));
    });
  }

  /** Takes what the tab remembers: also of a page that was gone back to, from which something may be hidden since. */
  recall() {
    this.picked = new Set(JSON.parse(sessionStorage.getItem(this.key) ?? "[]"));
    this.take(document);
    this.show();
  }

  take(part) {
    const known = new Set(this.order), fresh = [];
    for (const shot of part.querySelectorAll("[data-shot]")) {
      const number = Number(shot.dataset.shot);
      if (!known.has(number)) fresh.push(number);
      boxOf(shot).checked = this.picked.has(number);
    }
    const isAbove = part.nextElementSibling?.matches("[data-gallery-page]");
    this.order = isAbove ? [...fresh, ...this.order] : [...this.order, ...fresh];
  }

  click(event) {
    const box = event.target.closest?.("[data-shot] input[type=checkbox]");
    if (!box) return;
    this.pick(Number(box.value), box.checked, event.shiftKey);
  }

  pick(number, isPicked, isRange) {
    const from = this.order.indexOf(this.last), to = this.order.indexOf(number);
    const range = isRange && from >= 0 ? this.order.slice(Math.min(from, to), Math.max(from, to) + 1) : [number];
    for (const one of range) isPicked ? this.picked.add(one) : this.picked.delete(one);
    this.last = number;
    for (const shot of shots()) boxOf(shot).checked = this.picked.has(Number(shot.dataset.shot));
    this.show();
  }

  clear() {
    this.picked.clear();
    this.form.elements.everything.checked = false;
    for (const shot of shots()) boxOf(shot).checked = false;
    this.show();
  }

  send(act) {
    this.form.elements.picked.value = [...this.picked].join(",");
    // What was taken out of this gallery, or back into the other one, is no longer here to be picked.
    if (act === "hide" || act === "show") sessionStorage.removeItem(this.key);
    // Their numbers go along in one field; the boxes need not send themselves.
    for (const shot of shots()) boxOf(shot).removeAttribute("name");
  }

  show() {
    const count = this.picked.size, isAll = this.form.elements.everything.checked;
    const words = this.form.querySelector("[data-picked-words]");
    words.textContent = isAll ? "All selected" : `${count} selected`;
    words.hidden = !count && !isAll;
    this.form.querySelector("[data-found-words]").hidden = !words.hidden;
    this.form.querySelector("[data-selection-clear]").hidden = words.hidden;
    document.querySelector("[data-gallery]")?.toggleAttribute("data-picking", count > 0);
    sessionStorage.setItem(this.key, JSON.stringify([...this.picked]));
  }

  key_(event) {
    // Enter in a box would press the first act; Chromium passes over the disabled button that holds it back elsewhere.
    if (event.key === "Enter" && event.target.type === "checkbox" && event.target.form === this.form) {
      event.preventDefault();
      return;
    }
    const shot = event.target.closest?.("[data-shot]");
    if (!shot || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key.toLowerCase() === "x") {
      const box = boxOf(shot);
      this.pick(Number(shot.dataset.shot), !box.checked, event.shiftKey);
    } else if (!walk(shot, event.key)) return;
    event.preventDefault();
  }
}

/** Moves the focus to the neighbour in a direction; true where there is one. */
function walk(shot, key) {
  const all = shots(), place = all.indexOf(shot);
  const next = { ArrowRight: all[place + 1], ArrowLeft: all[place - 1] }[key] ?? across(all, shot, key);
  next?.querySelector("a").focus();
  return Boolean(next);
}

function across(all, shot, key) {
  if (key !== "ArrowDown" && key !== "ArrowUp") return null;
  const here = shot.getBoundingClientRect(), middle = here.left + here.width / 2;
  const isDown = key === "ArrowDown";
  const rows = all.map((one) => ({ one, box: one.getBoundingClientRect() }));
  const beyond = rows.filter(({ box }) => (isDown ? box.top > here.top + 1 : box.top < here.top - 1));
  const edge = isDown ? Math.min(...beyond.map(({ box }) => box.top)) : Math.max(...beyond.map(({ box }) => box.top));
  const row = beyond.filter(({ box }) => Math.abs(box.top - edge) < 2);
  const off = ({ box }) => Math.abs(box.left + box.width / 2 - middle);
  return row.sort((a, b) => off(a) - off(b))[0]?.one ?? null;
}

export function startPicking() {
  const form = document.querySelector("[data-selection]");
  if (form) new Picking(form);
}
