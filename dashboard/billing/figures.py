"""Both sides' figures of an exception in words, side by side. Pure."""

from collections.abc import Mapping

from dashboard.lib.glossary import word_for
from dashboard.lib.presentation import credits_text, credits_unit, field_text, money_text

SIDES = {"stripe": "Stripe", "order": "Order", "ledger": "Ledger"}
_STATES = {"stripe_state": "stripe_state", "order_state": "order_state"}


def figure_rows(figures: Mapping[str, object]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what each side tells, as names and texts; what belongs to none of the three comes last."""
    rows: dict[str, list[tuple[str, str]]] = {name: [] for name in (*SIDES.values(), "More")}
    currency = str(figures.get("stripe_currency") or "USD")
    for name, value in figures.items():
        side, _, rest = name.partition("_")
        if name == "stripe_currency":
            continue
        title, label = (SIDES[side], rest) if side in SIDES else ("More", name)
        rows[title].append((_label(label), _text(name, value, currency)))
    return [(title, found) for title, found in rows.items() if found]


def _label(name: str) -> str:
    return _LABELS.get(name) or field_text(name)


_LABELS = {
    "cents": "Amount",
    "back_cents": "Given back",
    "amount_cents": "Amount",
    "granted_credits": "Granted",
    "taken_credits": "Taken back",
    "charged_credits": "Charged",
    "credits": "Sold",
    "grants": "Grants",
}


def _text(name: str, value: object, currency: str) -> str:
    if value in (None, ""):
        return "\N{EN DASH}"
    if name in _STATES:
        return word_for(_STATES[name], str(value)).text
    if name.endswith("cents") and isinstance(value, int):
        is_dollars = currency == "USD" or not name.startswith("stripe")
        return money_text(value) if is_dollars else f"{value / 100:,.2f} {currency}"
    if name.endswith("credits") and isinstance(value, int):
        return f"{credits_text(value)} {credits_unit(value)}"
    return str(value)
