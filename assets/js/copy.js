// [data-copy="text"] copies that text, [data-copy=""] what stands before it; [data-copy-from="#id"] what an element says.
import { announce } from "./announce.js";

const SHOWN_MS = 1600;

function selectAll(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

function showDone(button) {
  const use = button.querySelector("use");
  const before = use.getAttribute("href");
  if (button.hasAttribute("data-copied")) return;
  button.setAttribute("data-copied", "");
  use.setAttribute("href", before.replace(/#.*/, "#check"));
  setTimeout(() => {
    button.removeAttribute("data-copied");
    use.setAttribute("href", before);
  }, SHOWN_MS);
}

async function copy(button) {
  const source = document.querySelector(button.dataset.copyFrom || null) ?? button.previousElementSibling;
  try {
    await navigator.clipboard.writeText(button.dataset.copy || source.textContent.trim());
    showDone(button);
    announce("Copied");
  } catch {
    // Refused, or plain http on another host: select it, so that the person's own copy key works.
    selectAll(source);
    announce("Selected. Press the copy key.");
  }
}

export function startCopy() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (button) copy(button);
  });
}
