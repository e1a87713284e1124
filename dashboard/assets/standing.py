"""What is said where an asset has no picture: how it stands, why, and whether anybody goes on asking."""

from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from dashboard.assets.models import Asset, Reading
from dashboard.lib.glossary import word_for

# What the host of a file said, or nobody did: then it matters when.
ASKED = frozenset({"denied", "gone", "odd_answer", "redirects", "unreachable"})
IN_VAIN = frozenset({Reading.MISSING, Reading.UNREADABLE})


class Standing(NamedTuple):
    """An icon, a word and why it is so (without a full stop, may be empty)."""

    icon: str
    text: str
    why: str

    @property
    def said(self) -> str:
        """Both in one, to be read aloud."""
        return f"{self.text}: {self.why}" if self.why else self.text


class Asking(NamedTuple):
    """When it was last asked for, and when it will be again (UTC); None where there is nothing to tell."""

    last_at: datetime | None
    next_at: datetime | None

    @property
    def is_waiting(self) -> bool:
        """Its time has come, and nobody asked: its agent may be stopped, or not be linked any more."""
        return self.next_at is not None and self.next_at <= timezone.now()


def standing_of(asset: Asset) -> Standing:
    """Return how an asset without a picture stands, by its reading, then by its file."""
    if asset.reading in IN_VAIN:
        return _standing("reading", asset.reading, asset.problem.rstrip("."))
    why = word_for("preview_problem", asset.preview_problem).text if asset.preview_problem else ""
    if asset.preview == Asset.Preview.TILE:
        return _standing("asset_kind", asset.kind, why)
    if asset.preview == Asset.Preview.PENDING and why:
        return _standing("preview", "waiting", why)
    return _standing("preview", asset.preview, why)


def asking_of(asset: Asset) -> Asking:
    """Return when a thing or a file that could not be had was asked for, and will be."""
    if asset.reading in IN_VAIN:
        return Asking(asset.asked_at, asset.due_at)
    if not asset.preview_problem:
        return Asking(None, None)
    return Asking(asset.asked_at if asset.preview_problem in ASKED else None, asset.preview_due_at)


def _standing(group: str, raw: str, why: str) -> Standing:
    word = word_for(group, raw)
    return Standing(word.icon, word.text, why)
