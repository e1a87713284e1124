"""Finding what must never be written to anybody: card numbers, tokens, keys, seed phrases.

It errs on the careful side: a transaction hash has the shape of a wallet's key, so it is taken for one.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.conf import settings

REMOVED = "[removed]"
Patterns = Mapping[str, re.Pattern[str]]

_BASE58 = "1-9A-HJ-NP-Za-km-z"
_PATTERNS: Patterns = {
    f"a token of {settings.PRODUCT_NAME}": re.compile(r"isk_[\w.~+/=-]{4,}|isclaim_[\w-]{4,}", re.IGNORECASE),
    "a secret key": re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY.*?(?:-----END [A-Z ]*-----|\Z)"
        r"|(?:sk|rk)_(?:live|test)_\w+|whsec_\w+|gh[opsur]_\w{20,}|AKIA[A-Z0-9]{16}|xox[abprs]-[\w-]{10,}|sk-[\w-]{20,}"
        r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
        re.DOTALL,
    ),
    "a wallet's key or a transaction hash": re.compile(
        rf"(?<![0-9A-Za-z])(?:0x)?[0-9A-Fa-f]{{64}}(?![0-9A-Za-z])|[xyz]prv[{_BASE58}]{{100,}}|\b[5KL][{_BASE58}]{{50,51}}\b"
    ),
    "a password or security code": re.compile(
        r"\b(?:password|passphrase|passcode|pin|cvc|cvv)\b\s*[:=]\s*\S+|\b(?:cvc|cvv)2?\b\s*(?:is\s+)?\d{3,4}\b",
        re.IGNORECASE,
    ),
}
_DIGITS = re.compile(r"\d(?:[\s.\-/]{0,3}\d){12,}")
_GROUP = re.compile(r"\d+")
# Seed phrases have 12 to 24 words of 3 to 8 letters. Prose of that length holds a mark, a short word or one of these.
_WORD = r"(?!(?:the|and|for|not|was|are|but|has|had|our|were|been|from|your|their|them|which|did|does)\b)[a-z]{3,8}"
_NUMBER = r"(?:\d{1,2}[.):]?\s*)?"
_SEED = re.compile(rf"(?<![\w']){_NUMBER}{_WORD}(?:[\s,;]+{_NUMBER}{_WORD}){{11,}}(?![\w'])", re.IGNORECASE)


@dataclass(frozen=True)
class Screened:
    """What was found, in words, and the text without it."""

    found: tuple[str, ...]
    masked: str


def screened(text: str, *, also: Patterns | None = None) -> Screened:
    """Look through a text; where nothing is found `masked` is the text as it came.

    Signs that cannot be seen and digits of other scripts hide nothing: what is looked through has neither.
    `also` names what else has to be taken out here.
    """
    visible = plain_text(text)
    spans = sorted(_spans(visible, {**_PATTERNS, **(also or {})}))
    if not spans:
        return Screened((), text)
    masked, end = "", 0
    for start, stop, _ in spans:
        masked += visible[end:start] + REMOVED if start >= end else ""
        end = max(end, stop)
    return Screened(tuple(dict.fromkeys(name for _, _, name in spans)), masked + visible[end:])


def plain_text(text: str) -> str:
    """Return a text in its plainest letters, without signs that cannot be seen: to look through, not to show."""
    return "".join(map(_plain, unicodedata.normalize("NFKC", text)))


def _plain(character: str) -> str:
    if unicodedata.category(character) == "Cf":
        return ""
    decimal = unicodedata.decimal(character, None)
    return character if decimal is None else str(decimal)


def _spans(text: str, patterns: Patterns) -> Iterator[tuple[int, int, str]]:
    for name, pattern in patterns.items():
        yield from ((found.start(), found.end(), name) for found in pattern.finditer(text))
    for run in _DIGITS.finditer(text):
        yield from ((start, stop, "a card number") for start, stop in _cards(text, run.start(), run.end()))
    yield from ((run.start(), run.end(), "a wallet's seed phrase") for run in _SEED.finditer(text))


def _cards(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield each row of whole groups of digits that is a card number, whatever digits stand before and after it."""
    groups = list(_GROUP.finditer(text, start, stop))
    for first, head in enumerate(groups):
        digits = ""
        for tail in groups[first:]:
            digits += tail[0]
            if len(digits) > 19:
                break
            if len(digits) >= 13 and digits[0] in "23456" and _luhn(digits):
                yield head.start(), tail.end()


def _luhn(digits: str) -> bool:
    """Tell whether the check digit fits (ISO/IEC 7812-1)."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
