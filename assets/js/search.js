// Ctrl-K (Command-K) and "/" lead to the search box, or to the search page where the box has no room.

const isApple = /Mac|iPhone|iPad/.test(navigator.platform);

function isTyping(target) {
  return target.isContentEditable || target.matches("input, textarea, select");
}

function isShortcut(event) {
  if (event.altKey || event.shiftKey) return false;
  const command = isApple ? event.metaKey : event.ctrlKey;
  if (command) return event.key.toLowerCase() === "k";
  return event.key === "/" && !event.ctrlKey && !event.metaKey && !isTyping(event.target);
}

export function startSearch() {
  const box = document.querySelector("[data-search]");
  const link = document.querySelector("[data-search-link]");
  if (!box) return;
  const hint = box.parentElement.querySelector("kbd");
  if (hint && isApple) hint.textContent = "⌘ K";
  document.addEventListener("keydown", (event) => {
    if (!isShortcut(event)) return;
    event.preventDefault();
    if (box.checkVisibility()) box.select();
    else link?.click();
  });
}
