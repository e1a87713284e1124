"""Text of strangers made inert, on arrival: nothing in it is hidden, steers a page or a reader, or is a secret.

What is kept can be put into a page, a mail, a file or another service as it is: signs that cannot be seen are spelled
out, what looks like a credential or somebody's address is cut out, and the length has an end. It is still only text:
pages escape it, and nobody makes a link of it.
"""

import re
import unicodedata
from dataclasses import dataclass

from dashboard.lib.credentials import plain_text, screened

# In Unicode's own order: what steers the direction of writing, joins or parts without being seen, or is no character.
_UNSEEN = frozenset({"Cf", "Cs", "Co", "Cn"})
_OPENS, _CLOSES = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
# The only invisible signs that lay text out as its writer meant it.
_LINES = "\n\t"
_BREAKS = {"\r": "\n", "\x0b": "\n", "\x0c": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"}
# Letters of some scripts carry two or three marks; a tower of them covers the lines above.
MARKS_AT_MOST = 3
BLANK_LINES_AT_MOST = 1
_ADDRESSES = {"an e-mail address": re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")}

# Phrases by which a text tries to be obeyed instead of read; matched in the plainest letters, whatever the case.
_INSTRUCTS = {
    "asks to forget instructions": re.compile(
        r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instruction|prompt|rule|guideline|polic|above|previous)",
        re.DOTALL,
    ),
    "gives a role": re.compile(
        r"\byou are (?:now|no longer|an? (?:ai|assistant|admin|root|system|developer))\b"
        r"|\b(?:act|behave|respond) as (?:an? |the )?(?:ai|assistant|admin|root|system|developer|reviewer)\b"
        r"|\b(?:developer|god|jailbreak|dan) mode\b"
    ),
    "imitates a conversation": re.compile(
        r"<\|?/?(?:im_start|im_end|system|assistant|endoftext|s)\|?>|\[/?inst\]|<</?sys>>"
        r"|^\W{0,4}(?:system|assistant|developer)\s*(?:prompt|message)?\s*:",
        re.MULTILINE,
    ),
    "speaks to the reviewer": re.compile(
        r"\b(?:reviewer|triager|moderator|maintainer|operator|whoever reads this|assistant|llm|ai model)s?\b.{0,40}"
        r"\b(?:must|should|shall|please|now|have to|are to)\b.{0,40}"
        r"\b(?:approve|close|merge|mark|accept|delete|grant|refund|send|open|click|run|execute|reply|answer)\b",
        re.DOTALL,
    ),
    "asks to run something": re.compile(
        r"\b(?:run|execute|paste|type|eval)\b.{0,60}\b(?:curl|wget|sudo|rm -rf|bash|powershell|eval)\b"
        r"|\b(?:curl|wget)\b[^\n]{0,200}\|\s*(?:ba|z)?sh\b",
        re.DOTALL,
    ),
    "asks for secrets": re.compile(
        r"\b(?:print|reveal|show|send|post|leak|exfiltrate|repeat|output)\b.{0,40}"
        r"\b(?:system prompt|secret|password|token|api key|credential|environment variable)",
        re.DOTALL,
    ),
    "asks for silence": re.compile(
        r"\b(?:do not|don't|never) (?:tell|mention|reveal|inform|show)\b.{0,30}\b(?:user|human|owner|sponsor|anyone)"
    ),
}


@dataclass(frozen=True)
class Inert:
    """A text that may be kept: `masked` says in words what was cut out, `shown` how many signs were spelled out."""

    text: str
    masked: tuple[str, ...] = ()
    is_cut: bool = False
    shown: int = 0


def inert(text: str, *, limit: int) -> Inert:
    """Return a text of several lines made inert: `limit` characters of what was sent, in at most twice as many."""
    is_cut = len(text) > limit
    seen = screened(text[:limit], also=_ADDRESSES)
    spelled = "".join(_spelled(one) for one in seen.masked)
    shown = sum(one not in _LINES and _is_unseen(one) for one in text[:limit])
    return Inert(_calm(spelled)[: 2 * limit], seen.found, is_cut or len(spelled) > 2 * limit, shown)


def inert_line(text: str, *, limit: int) -> Inert:
    """Return a text made inert on one line: a title, a word, an id."""
    found = inert(text, limit=limit)
    return Inert(" ".join(found.text.split()), found.masked, found.is_cut, found.shown)


def instructs(text: str) -> tuple[str, ...]:
    """Return in words how a text tries to be obeyed; a hint for its reader, who obeys none anyway."""
    plain = plain_text(text).casefold()
    return tuple(name for name, pattern in _INSTRUCTS.items() if pattern.search(plain))


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN or (
        character not in _BREAKS and unicodedata.category(character) == "Cc"
    )


def _spelled(character: str) -> str:
    """Return a character as it is kept: an unseen one as its number, between marks that no markup knows."""
    if character in _LINES:
        return character
    if character in _BREAKS:
        return _BREAKS[character]
    return f"{_OPENS}U+{ord(character):04X}{_CLOSES}" if _is_unseen(character) else character


def _calm(text: str) -> str:
    """Return a text without towers of marks and without runs of empty lines."""
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MARKS_AT_MOST:
            kept.append(character)
    lines = [line.rstrip() for line in "".join(kept).split("\n")]
    blank, calm = 0, []
    for line in lines:
        blank = 0 if line else blank + 1
        if blank <= BLANK_LINES_AT_MOST:
            calm.append(line)
    return "\n".join(calm).strip()
