"""The words of the ledger's search box: `type:job.completed agent:"render bot" a red boat`."""

import re

# What people write -> the filter's field.
KEYS = {
    **{name: name for name in ("agent", "type", "operation", "status", "cost", "text", "since", "until")},
    **dict.fromkeys(("id", "subject", "job", "asset", "trace", "quote", "receipt", "event"), "reference"),
    "from": "since",
    "to": "until",
}
# Their values are lower case, whatever a phone makes of the first letter.
LOWERED = ("type", "operation", "status", "cost")
# What the service, and we, put before an id; what is written like one is looked up as one (contract 3).
_ID = re.compile(r"[a-z][a-z0-9]*_[\w.-]*\d[\w.-]*", re.ASCII)
# `cost:50`, `cost:>=50`, `cost:<50`: what it is compared by.
_AMOUNT = re.compile(r"(?P<sign>[<>]?=?)(?P<credits>\d{1,16})", re.ASCII)
# Phones curl quotes.
_QUOTED = r'["\u201c\u201d](?P<quoted>[^"\u201c\u201d]*)["\u201c\u201d]'
_WORD = re.compile(rf"(?P<key>[A-Za-z]+):(?:{_QUOTED}|(?P<plain>\S+))")


def box_read(text: str) -> dict[str, str]:
    """Return the filter's fields that a text names. What is left over is an id if it is written like one, else text.

    A key that we do not know is left over.
    """
    found: dict[str, str] = {}

    def take(word: re.Match[str]) -> str:
        field = KEYS.get(word["key"].lower())
        if field is None:
            return word[0]
        value = word["quoted"] or word["plain"] or ""
        amount = _AMOUNT.fullmatch(value) if field == "cost" else None
        found.update(_bounds(amount) if amount else {field: value.lower() if field in LOWERED else value})
        return " "

    rest = " ".join(_WORD.sub(take, text).split())
    if enclosed := re.fullmatch(_QUOTED, rest):
        rest = enclosed["quoted"].strip()
    return found | ({"reference" if _ID.fullmatch(rest) else "text": rest} if rest else {})


def _bounds(amount: re.Match[str]) -> dict[str, str]:
    """Return the least and the most credits that a comparison allows, both included."""
    sign, said = amount["sign"], int(amount["credits"])
    least, most = {"least": str(said + (sign == ">"))}, {"most": str(said - (sign == "<"))}
    return (least if "<" not in sign else {}) | (most if ">" not in sign else {})
