// Menus are <details class="menu">, which open and close by themselves; this closes them as people expect of a menu.

const openMenus = () => document.querySelectorAll("details.menu[open]");

function close(menu, { refocus = false } = {}) {
  menu.open = false;
  if (refocus) menu.querySelector("summary").focus();
}

function step(menu, direction) {
  const items = [...menu.querySelectorAll(".menu__panel :is(a, button)")];
  const at = items.indexOf(document.activeElement);
  const next = at < 0 ? (direction > 0 ? 0 : items.length - 1) : (at + direction + items.length) % items.length;
  items[next]?.focus();
}

export function startMenus() {
  document.addEventListener("click", (event) => {
    openMenus().forEach((menu) => menu.contains(event.target) || close(menu));
  });
  document.addEventListener("focusin", (event) => {
    openMenus().forEach((menu) => menu.contains(event.target) || close(menu));
  });
  document.addEventListener("keydown", (event) => {
    const [menu] = openMenus();
    if (!menu) return;
    if (event.key === "Escape") close(menu, { refocus: true });
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    step(menu, event.key === "ArrowDown" ? 1 : -1);
  });
}
