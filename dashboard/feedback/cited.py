"""What a report itself cites, read off its text: ids, an error code, a command, what would prove it. Pure.

None of it is known: whoever shows it says "the agent says", and evidence is looked up within the agent's own ledger.
"""

import re
from collections.abc import Iterable

_ID = re.compile(r"\b(?:trace|job|evt|image|video|audio|asset|mask|thumb|file)_[A-Za-z0-9._-]{1,128}")
_CODE = re.compile(r"\b[A-Z][A-Z0-9]{2,}(?:_[A-Z0-9]+)+\b")
_POINT = re.compile(r"^\s*(?:(?:[-*\u2022]|\d{1,2}[.)]|\[[ xX]?\])\s*)+")
_WORD = re.compile(r"[^\W_]{3,}", re.UNICODE)
ASSETS = ("image_", "video_", "audio_", "asset_")
IDS_AT_MOST, POINTS_AT_MOST, WORDS_AT_MOST = 20, 20, 12
COMMAND_WORDS = 3
# Words that every other title has tell nothing about what it is about.
_EMPTY = frozenset({"the", "and", "for", "with", "not", "but", "was", "are", "has", "from", "this", "image", "skill"})


def ids_of(texts: Iterable[str]) -> list[str]:
    """Return the ids that texts cite, in their order, each once: of traces, jobs, events and assets."""
    found = dict.fromkeys(one.rstrip(".-") for text in texts for one in _ID.findall(text))
    return list(found)[:IDS_AT_MOST]


def error_code_of(texts: Iterable[str]) -> str:
    """Return the first word that looks like an error code of the hosted API (contract section 1)."""
    return next((found[0][:64] for text in texts if (found := _CODE.search(text))), "")


def command_of(text: str) -> str:
    """Return the part of a command that says what was asked, without flags and values: "image-skill create"."""
    words: list[str] = []
    for word in text.partition("\n")[0].split():
        if word.startswith("-") or len(words) == COMMAND_WORDS or not re.fullmatch(r"[\w./-]{1,40}", word):
            break
        words.append(word)
    return " ".join(words)[:80]


def points_of(text: str) -> list[str]:
    """Return what would prove a report as points to tick off: its lines, or what semicolons part."""
    parts = text.split("\n") if "\n" in text.strip() else text.split(";")
    points = dict.fromkeys(_POINT.sub("", part).strip()[:300] for part in parts)
    return [point for point in points if point][:POINTS_AT_MOST]


def words_of(title: str) -> list[str]:
    """Return the words of a title by which others of its kind are found."""
    words = dict.fromkeys(word for word in _WORD.findall(title.casefold()) if word not in _EMPTY)
    return [word[:40] for word in words][:WORDS_AT_MOST]
