// Keys of the feedback desk. Each presses what stands on the page: a button with data-key, a field with data-key-focus,
// a row with data-row. Nothing happens while somebody types, and every one of them can be done by pointer too.
import { announce } from "./announce.js";

const MEMORY = "triage-row";

function isTyping(target) {
  return target.isContentEditable || target.matches("input:not([type=checkbox]), textarea, select");
}

const rows = () => [...document.querySelectorAll("[data-row]")];
const here = () => document.activeElement.closest?.("[data-row]");

function focusRow(row) {
  row?.querySelector("a")?.focus();
  row?.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = rows();
  const at = all.indexOf(here());
  focusRow(all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)]);
}

function count() {
  const bulk = document.querySelector("[data-bulk]");
  if (!bulk) return;
  const chosen = document.querySelectorAll("[data-row] input[type=checkbox]:checked").length;
  bulk.toggleAttribute("data-idle", chosen === 0);
  bulk.querySelector("[data-bulk-count]").textContent = chosen ? `${chosen} chosen` : "With what is chosen";
}

function choose(row, isOn) {
  const box = row?.querySelector("input[type=checkbox]");
  if (!box) return;
  box.checked = isOn ?? !box.checked;
  count();
}

/** A key that does something to items does it to the one at hand where none is chosen. */
function chooseIfNone() {
  if (!document.querySelector("[data-row] input[type=checkbox]:checked")) choose(here(), true);
}

function remember() {
  const row = here() ?? document.querySelector("[data-row]:has(input:checked)");
  if (row) sessionStorage.setItem(MEMORY, `${row.id}:${rows().indexOf(row)}`);
}

function recall() {
  const [id, at] = (sessionStorage.getItem(MEMORY) ?? "").split(":");
  sessionStorage.removeItem(MEMORY);
  if (!id || !document.querySelector("[data-triage]")) return;
  const all = rows();
  focusRow(document.getElementById(id) ?? all[Math.min(Number(at), all.length - 1)]);
}

function press(event) {
  const key = event.key;
  if (key === "j" || key === "k") return step(key === "j" ? 1 : -1);
  if (key === "x") return choose(here());
  if (key === "?") return document.querySelector("[data-keys]")?.toggleAttribute("open");
  const row = here();
  if (key === "r" && row) return location.assign(`${row.querySelector("a").href}#reply`);
  const field = document.querySelector(`[data-key-focus="${CSS.escape(key)}"]`);
  if (field) {
    remember();
    if (field.closest("[data-bulk]")) chooseIfNone();
    field.closest("details")?.setAttribute("open", "");
    return field.focus();
  }
  const button = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!button) return false;
  if (button.closest("[data-bulk]")) {
    chooseIfNone();
    if (!document.querySelector("[data-row] input:checked")) return announce("Choose an item first");
  }
  remember();
  return button.click();
}

function onKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || !document.querySelector("[data-triage]")) return;
  if (event.key === "Escape" && isTyping(event.target)) return event.target.blur();
  if (event.key === "Enter" && event.target.id) {
    const button = document.querySelector(`[data-enter-of="${CSS.escape(event.target.id)}"]`);
    if (button) {
      event.preventDefault();
      button.click();
    }
    return;
  }
  if (event.key.length !== 1 || isTyping(event.target)) return;
  if (press(event) !== false) event.preventDefault();
}

export function startTriage() {
  if (!document.querySelector("[data-triage]")) return;
  document.addEventListener("keydown", onKey);
  document.addEventListener("change", (event) => event.target.closest("[data-row]") && count());
  if (matchMedia("(width >= 64rem)").matches) document.querySelector("[data-open-wide]")?.setAttribute("open", "");
  count();
  recall();
  if (location.hash === "#reply") document.getElementById("reply")?.querySelector("textarea")?.focus();
}
