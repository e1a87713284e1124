"""HTML that is rendered once for the same values and remembered by this process, within bounds.

Whoever keeps HTML names every value that it shows: the same values give the same HTML, so nothing has to be
forgotten but for room. Only how long ago something was changes by itself, and is said anew each time.
"""

import re
from collections.abc import Hashable
from datetime import datetime
from threading import Lock
from typing import Generic, TypeVar

from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from dashboard.lib.presentation import relative_text

Key = TypeVar("Key", bound=Hashable)
# What `{% moment %}` draws. No text from outside can look like it, for in those every < and > is escaped.
_MOMENT = re.compile(r'(<time class="moment"[^>]* datetime="([^"]*)"[^>]* data-relative>)[^<]*(?=</time>)')
_INDENTS = re.compile(r"\n\s*(?=<)")


class Kept:
    """A piece of HTML with its moments taken out."""

    __slots__ = ("_moments", "_parts")

    def __init__(self, html: str) -> None:
        # HTML, the start tag of a moment, its time, then again; HTML at the end.
        pieces = _MOMENT.split(_INDENTS.sub("\n", html.encode("ascii", "xmlcharrefreplace").decode("ascii")))
        self._parts = [before + tag for before, tag in zip(pieces[::3], [*pieces[1::3], ""], strict=True)]
        self._moments = [timezone.localtime(datetime.fromisoformat(at)) for at in pieces[2::3]]

    def said_at(self, now: datetime) -> SafeString:
        """Return the HTML with every moment relative to `now`."""
        ages = [*(relative_text(at, now) for at in self._moments), ""]
        return mark_safe("".join([text for pair in zip(self._parts, ages, strict=True) for text in pair]))  # noqa: S308


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
