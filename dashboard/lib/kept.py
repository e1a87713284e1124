"""HTML that is rendered once for the same values and remembered by this process, within bounds.

Whoever keeps HTML names every value that it shows: the same values give the same HTML, so nothing has to be
forgotten but for room. Only how long ago something was changes by itself, and is said anew each time; and the values
of HOLES, which every request has of its own, are left out of what is kept.
"""

import re
import secrets
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime
from threading import Lock
from typing import Generic, NamedTuple, Protocol, TypeVar

from django.utils import timezone
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from dashboard.lib.presentation import relative_text, relative_until

# Names of a template's context: the token against forged requests, the page's own address, and the stamp that says how
# old its figures are.
HOLES = ("csrf_token", "here", "stamp")
# What stands for them inside kept HTML: nobody can write it, for nobody outside this process knows it.
_SECRET = secrets.token_hex(16)
_MARK = re.compile(f"kept-{_SECRET}-([a-z_]+)-")

# Bytes that a process remembers, and what a piece takes beside its HTML: its key, its moments.
ROOM, OVERHEAD = 24 * 2**20, 1_000

# What `{% moment %}` draws. No text from outside can look like it, for in those every < and > is escaped.
_MOMENT = re.compile(r'(<time class="moment"[^>]* datetime="([^"]*)"[^>]* data-relative>)[^<]*(?=</time>)')
_NEVER = datetime.max.replace(tzinfo=UTC)
_INDENTS = re.compile(r"\n\s+(?=<)")


def mark(name: str) -> str:
    """Return what stands for a hole inside kept HTML."""
    return f"kept-{_SECRET}-{name}-"


MARKS = {name: mark(name) for name in HOLES}


def tidied(html: str) -> str:
    """Return HTML without its indents, and in ASCII alone, which takes half the memory."""
    return _INDENTS.sub("\n", html.encode("ascii", "xmlcharrefreplace").decode("ascii"))


class _Said(NamedTuple):
    """From when until when (not included) a text is true; it stands in pieces, with the name of a hole between two."""

    since: datetime
    until: datetime
    pieces: list[str]


class Kept:
    """A piece of HTML with its moments taken out; said again, it is the same text until one of them changes."""

    __slots__ = ("_moments", "_parts", "_said", "size")

    def __init__(self, html: str) -> None:
        # HTML, the start tag of a moment, its time, then again; HTML at the end.
        pieces = _MOMENT.split(tidied(html))
        parts = [before + tag for before, tag in zip(pieces[::3], [*pieces[1::3], ""], strict=True)]
        zone = timezone.get_current_timezone()
        self._hold(parts, [datetime.fromisoformat(at).astimezone(zone) for at in pieces[2::3]])

    @classmethod
    def around(cls, moment: datetime, before: str, after: str) -> "Kept":
        """Return HTML that is tidied already and has one moment, in the viewer's zone, between its two parts."""
        kept = cls.__new__(cls)
        kept._hold([before, after], [moment])  # noqa: SLF001 - one of its own
        return kept

    def _hold(self, parts: list[str], moments: list[datetime]) -> None:
        self._parts, self._moments = parts, moments
        self._said: _Said | None = None
        # In bytes: the pieces and what was last said of them.
        self.size = 2 * sum(map(len, parts)) + OVERHEAD

    def said_at(self, now: datetime, hole: Callable[[str], object] = str) -> SafeString:
        """Return the HTML with every moment relative to `now`, and with what `hole` says belongs into each."""
        said = self._said
        if said is None or not said.since <= now < said.until:
            said = self._said = self._say(now)
        if len(said.pieces) == 1:
            return mark_safe(said.pieces[0])  # noqa: S308 - our own templates rendered it
        filled = said.pieces.copy()
        filled[1::2] = [conditional_escape(str(hole(name) or "")) for name in said.pieces[1::2]]
        return mark_safe("".join(filled))  # noqa: S308 - our own templates rendered it, and the rest is escaped

    def _say(self, now: datetime) -> _Said:
        ages = [*(relative_text(at, now) for at in self._moments), ""]
        text = "".join([piece for pair in zip(self._parts, ages, strict=True) for piece in pair])
        # In UTC, for a day of the viewer's zone may have an hour more or less.
        changes = (relative_until(at.astimezone(UTC), now) for at in self._moments)
        until = min((at for at in changes if at), default=_NEVER)
        return _Said(now, until, _MARK.split(text))


class Drawing:
    """HTML of one kind of things, with a hole for each text in which two of a kind differ, and one for how long ago."""

    AGO = "ago"

    def __init__(self, html: str) -> None:
        before, after = tidied(html).split(mark(self.AGO))
        self._before, self._after = _MARK.split(before), _MARK.split(after)

    def written(self, own: Mapping[str, str], moment: datetime) -> Kept:
        """Return the HTML of one by its own texts, which are escaped, and its moment in the viewer's zone."""
        return Kept.around(moment, _filled(self._before, own), _filled(self._after, own))


def _filled(pieces: list[str], own: Mapping[str, str]) -> str:
    filled = pieces.copy()
    filled[1::2] = [own[name] for name in pieces[1::2]]
    return tidied("".join(filled))


class Sized(Protocol):
    """Something that says how many bytes it takes."""

    @property
    def size(self) -> int: ...


Piece = TypeVar("Piece", bound=Sized)


class Shelf(Generic[Piece]):
    """Pieces of at most `room` bytes together; the one that was put there first leaves first."""

    def __init__(self, room: int) -> None:
        self._room, self._lock = room, Lock()
        self._kept: dict[Hashable, Piece] = {}

    def get(self, key: Hashable) -> Piece | None:
        return self._kept.get(key)

    def put(self, key: Hashable, piece: Piece) -> Piece:
        with self._lock:
            replaced = self._kept.pop(key, None)
            self._room += (replaced.size if replaced else 0) - piece.size
            self._kept[key] = piece
            while self._room < 0:
                self._room += self._kept.pop(next(iter(self._kept))).size
        return piece

    def forget(self, is_over: Callable[[Piece], bool]) -> None:
        """Drop the oldest ones as long as it is so of them."""
        with self._lock:
            while self._kept and is_over(piece := next(iter(self._kept.values()))):
                self._room += piece.size
                del self._kept[next(iter(self._kept))]

    def clear(self) -> None:
        with self._lock:
            self._room += sum(piece.size for piece in self._kept.values())
            self._kept.clear()


# Of all pages of this process.
SHELF: Shelf[Kept] = Shelf(ROOM)
