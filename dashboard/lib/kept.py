"""HTML that is rendered once for the same values and remembered by this process, within bounds.

Whoever keeps HTML names every value that it shows: the same values give the same HTML, so nothing has to be
forgotten but for room. Only how long ago something was changes by itself, and is said anew each time.
"""

import re
from collections.abc import Hashable
from datetime import UTC, datetime
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from dashboard.lib.presentation import relative_text, relative_until

Key = TypeVar("Key", bound=Hashable)
# What `{% moment %}` draws. No text from outside can look like it, for in those every < and > is escaped.
_MOMENT = re.compile(r'(<time class="moment"[^>]* datetime="([^"]*)"[^>]* data-relative>)[^<]*(?=</time>)')
_NEVER = datetime.max.replace(tzinfo=UTC)
_INDENTS = re.compile(r"\n\s*(?=<)")


class _Said(NamedTuple):
    """A text, and from when until when (not included) it is true."""

    since: datetime
    until: datetime
    text: SafeString


class Kept:
    """A piece of HTML with its moments taken out; said again, it is the same text until one of them changes."""

    __slots__ = ("_moments", "_parts", "_said")

    def __init__(self, html: str) -> None:
        # HTML, the start tag of a moment, its time, then again; HTML at the end.
        pieces = _MOMENT.split(_INDENTS.sub("\n", html.encode("ascii", "xmlcharrefreplace").decode("ascii")))
        self._parts = [before + tag for before, tag in zip(pieces[::3], [*pieces[1::3], ""], strict=True)]
        self._moments = [timezone.localtime(datetime.fromisoformat(at)) for at in pieces[2::3]]
        self._said: _Said | None = None

    def said_at(self, now: datetime) -> SafeString:
        """Return the HTML with every moment relative to `now`."""
        said = self._said
        if said is None or not said.since <= now < said.until:
            said = self._said = self._say(now)
        return said.text

    def _say(self, now: datetime) -> _Said:
        ages = [*(relative_text(at, now) for at in self._moments), ""]
        text = "".join([piece for pair in zip(self._parts, ages, strict=True) for piece in pair])
        changes = (relative_until(at, now) for at in self._moments)
        until = min((at for at in changes if at), default=_NEVER)
        return _Said(now, until, mark_safe(text))  # noqa: S308 - our own templates rendered it


class Shelf(Generic[Key]):
    """At most `size` pieces; the one that was put there first leaves first."""

    def __init__(self, size: int) -> None:
        self._size, self._lock = size, Lock()
        self._kept: dict[Key, Kept] = {}

    def get(self, key: Key) -> Kept | None:
        return self._kept.get(key)

    def put(self, key: Key, html: str) -> Kept:
        kept = Kept(html)
        with self._lock:
            self._kept[key] = kept
            while len(self._kept) > self._size:
                del self._kept[next(iter(self._kept))]
        return kept

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
