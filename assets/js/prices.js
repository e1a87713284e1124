// A form with data-price-unit-cents says what its choice costs: a pack by its own price, else so many cents a credit.
// Typing an amount chooses it, and choosing a pack clears it. The service's quote alone decides the price.

function chosen(form) {
  const pack = form.querySelector('input[name="pack_id"]:checked');
  if (pack?.value) return { credits: Number(pack.dataset.priceCredits), cents: Number(pack.dataset.priceCents) };
  const amount = form.elements.credits;
  if (!amount?.value || !amount.validity.valid) return null;
  const credits = Number(amount.value);
  return { credits, cents: credits * Number(form.dataset.priceUnitCents) };
}

function money(cents) {
  const rest = String(cents % 100).padStart(2, "0");
  return `$${Math.floor(cents / 100).toLocaleString("en-US")}.${rest}`;
}

function say(form) {
  const choice = chosen(form);
  const noun = choice?.credits === 1 ? "credit" : "credits";
  const words = choice ? `${choice.credits.toLocaleString("en-US")} ${noun} for ${money(choice.cents)}` : "";
  const place = form.querySelector("[data-price-says]");
  if (place) place.textContent = words;
}

function take({ target }) {
  const form = target.closest?.("form[data-price-unit-cents]");
  if (!form) return;
  const exact = form.querySelector('input[name="pack_id"][value=""]');
  if (target.name === "credits" && target.value && exact) exact.checked = true;
  if (target.name === "pack_id" && target.value && form.elements.credits) form.elements.credits.value = "";
  if (target === exact) form.elements.credits.focus();
  say(form);
}

export function startPrices() {
  document.addEventListener("input", take);
  const sayAll = () => document.querySelectorAll("form[data-price-unit-cents]").forEach(say);
  sayAll();
  // Back from the next page, the browser may show this one as it was left.
  addEventListener("pageshow", sayAll);
}
