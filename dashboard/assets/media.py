"""From an asset's address to its small pictures: fetched, sniffed, decoded elsewhere, stored, told.

The rows are the record: `preview_due_at` says when to try, and moves ahead for as long as somebody is trying, so what a
dead worker left is tried again by the next one. Nothing here holds a transaction open over the network.
"""

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from django.db.models import F
from django.utils import timezone

from dashboard.assets.apply import size_apply
from dashboard.assets.decoding import CannotPreview, Decoded, decoders
from dashboard.assets.models import Asset
from dashboard.assets.originals import original_fetch
from dashboard.assets.previews import PREVIEW_WIDTHS
from dashboard.assets.purging import purge_finish
from dashboard.assets.selectors import keeps_originals, same_bytes, was_purged
from dashboard.assets.sniffing import kind_of, type_of_file
from dashboard.assets.storage import RECIPE, STEM, original_store, preview_key, preview_store
from dashboard.lib.outbound import OutboundError, OutboundFailed

log = structlog.get_logger(__name__)

# Longer than one try can take: fetching, waiting for a decoder, decoding, storing.
LEASE = timedelta(minutes=10)
# Pauses after tries that may succeed later; about a day all together.
RETRY_PAUSES = tuple(timedelta(minutes=2**step) for step in range(11))
# A host that is about to have a file, or to hand it out, mostly does so within the day.
HELD_BACK_PAUSES = (timedelta(minutes=1), timedelta(hours=1), timedelta(days=1))
# By the glossary "preview_problem"; every other problem is one for good.
PAUSES = {
    "unreachable": RETRY_PAUSES,
    "internal": RETRY_PAUSES,
    "gone": HELD_BACK_PAUSES,
    "denied": HELD_BACK_PAUSES,
}
# Words for what the way out refuses (dashboard/lib/outbound.py), as that glossary has them.
REFUSALS = {
    "gone": "gone",
    "denied": "denied",
    "too_large": "file_too_large",
    "redirects": "redirects",
    "status": "odd_answer",
    "packed": "odd_answer",
    "origin": "not_allowed",
    "address": "not_allowed",
    "private": "not_allowed",
}
FIELDS = (
    *("kind", "mime_type", "width", "height", "aspect", "content_hash", "content_bytes", "preview", "preview_problem"),
    *("preview_key", "preview_largest", "colour", "placeholder", "duration_ms", "is_animated", "is_kept", "kept_at"),
    *("preview_due_at", "preview_attempts", "preview_recipe", "asked_at"),
)


@dataclass(frozen=True)
class Taken:
    """An asset whose file is ours to work on until `until`."""

    asset: Asset
    until: datetime


def media_make_next() -> bool:
    """Work on the next file that is due; False when there is none. What goes wrong is written on its row."""
    taken = media_take()
    if taken is None:
        return False
    try:
        media_make(taken)
    except Exception:  # a process edge: one file, or a storage that is full, must not stop the others
        log.exception("media_broke", asset_id=taken.asset.pk)
        _again(taken, "internal")
    return True


def media_take() -> Taken | None:
    """Claim the file that has been due longest; whoever changed the row has it."""
    now = timezone.now()
    due = Asset.objects.filter(preview_due_at__lte=now).order_by("preview_due_at")
    for pk, due_at in list(due.values_list("pk", "preview_due_at")[:8]):
        mine = Asset.objects.filter(pk=pk, preview_due_at=due_at)
        if mine.update(preview_due_at=now + LEASE, preview_attempts=F("preview_attempts") + 1):
            return Taken(Asset.objects.select_related("workspace").get(pk=pk), now + LEASE)
    return None


def media_make(taken: Taken) -> None:
    """Fetch an asset's file, make its small pictures, keep the original where the workspace says so."""
    asset = taken.asset
    asset.asked_at = timezone.now()
    with tempfile.TemporaryDirectory(prefix="media-") as folder:
        path = Path(folder) / "file"
        try:
            fetched = original_fetch(asset, path)
        except OutboundFailed:
            _again(taken, "unreachable")
            return
        except OutboundError as refused:
            _again(taken, REFUSALS[refused.code])
            return
        asset.content_hash, asset.content_bytes, asset.preview_problem = fetched.sha256, fetched.size, ""
        if was_purged(asset, fetched.sha256):
            _came_back(taken)
            return
        _file_look(asset, path)
        if keeps_originals(asset.workspace_id):
            original_store(asset.workspace.key, fetched.sha256, path)
            asset.is_kept, asset.kept_at = True, asset.kept_at or timezone.now()
    _done(taken)
    if was_purged(asset, asset.content_hash):
        _came_back(taken)


def media_rebuild(*, workspace_key: str = "") -> int:
    """Make due what was made before, could not be, or was gone; return how many. What there is is shown meanwhile."""
    made = [Asset.Preview.READY, Asset.Preview.CANNOT, Asset.Preview.GONE]
    again = Asset.objects.filter(preview__in=made, purged_at=None).exclude(url="")
    if workspace_key:
        again = again.filter(workspace__key=workspace_key)
    return again.update(preview_due_at=timezone.now(), preview_attempts=0, preview_recipe="")


def _file_look(asset: Asset, path: Path) -> None:
    """Note what a file is, whatever was said of it, and show it: by pictures, or as a tile that stands for it."""
    asset.mime_type = type_of_file(path)
    asset.kind = kind_of(asset.mime_type)
    if asset.kind in {Asset.Kind.AUDIO, Asset.Kind.MODEL}:
        asset.preview = Asset.Preview.TILE
    elif asset.preview_recipe != RECIPE:
        _pictures_make(asset, path)


def _pictures_make(asset: Asset, path: Path) -> None:
    try:
        decoded = decoders.decode(path, PREVIEW_WIDTHS)
    except CannotPreview as problem:
        log.info("cannot_preview", asset_id=asset.pk, problem=str(problem))
        if asset.preview == Asset.Preview.READY and asset.preview_key.startswith(asset.content_hash[:STEM]):
            # It is a good picture of these very bytes: it was the decoder that failed.
            return
        asset.preview, asset.preview_problem, asset.preview_key = Asset.Preview.CANNOT, problem.problem, ""
        return
    key = preview_key(asset.content_hash)
    for width, picture in zip(PREVIEW_WIDTHS, decoded.pictures, strict=False):
        preview_store(asset.workspace.key, key, width, picture)
    decoded_apply(asset, decoded, key)


def decoded_apply(asset: Asset, decoded: Decoded, key: str) -> None:
    """Note what a file turned out to be, whatever its name and its sender said."""
    asset.preview_recipe = RECIPE
    asset.mime_type, asset.kind = decoded.mime, kind_of(decoded.mime)
    size_apply(asset, decoded.width, decoded.height)
    asset.preview, asset.preview_problem, asset.preview_key = Asset.Preview.READY, "", key
    asset.preview_largest = PREVIEW_WIDTHS[len(decoded.pictures) - 1]
    asset.colour, asset.placeholder = decoded.colour, decoded.placeholder
    asset.duration_ms, asset.is_animated = decoded.duration_ms, decoded.is_animated


def _again(taken: Taken, problem: str) -> None:
    """Say why there is nothing, and try again later if that may help; the first answer of a kind is never the last."""
    asset, pauses = taken.asset, PAUSES.get(problem, ())
    is_first = bool(pauses) and asset.preview_problem != problem
    if asset.preview_attempts > len(RETRY_PAUSES if is_first else pauses):
        _refused(taken, problem)
        return
    asset.preview_problem = problem
    asset.preview_due_at = timezone.now() + pauses[min(asset.preview_attempts, len(pauses)) - 1]
    _save(taken)


def _refused(taken: Taken, problem: str) -> None:
    asset = taken.asset
    asset.preview_problem = problem
    # A picture that was made before stays, and a tile that is not known to stand for nothing.
    if asset.preview != Asset.Preview.READY and problem == "gone":
        asset.preview = Asset.Preview.GONE
    elif asset.preview not in {Asset.Preview.READY, Asset.Preview.TILE}:
        asset.preview = Asset.Preview.CANNOT
    _done(taken)


def _came_back(taken: Taken) -> None:
    """Purge an asset whose bytes were purged, before or while we were at it; until that is done, it is due again."""
    _save(taken)
    workspace_id, content_hash = taken.asset.workspace_id, taken.asset.content_hash
    purge_finish(same_bytes(workspace_id, content_hash), workspace_id=workspace_id)


def _done(taken: Taken) -> None:
    taken.asset.preview_due_at, taken.asset.preview_attempts = None, 0
    _save(taken)


def _save(taken: Taken) -> None:
    """Write what was found, unless the row was taken away meanwhile: purged, or given to somebody else."""
    asset = taken.asset
    mine = Asset.objects.filter(pk=asset.pk, preview_due_at=taken.until, purged_at=None)
    if not mine.update(**{name: getattr(asset, name) for name in FIELDS}):
        # What was stored meanwhile for a purged row is to go: whoever deletes it has to know its name.
        named = {"content_hash": asset.content_hash, "is_kept": asset.is_kept}
        key = asset.preview_key or (preview_key(asset.content_hash) if asset.content_hash else "")
        Asset.objects.filter(pk=asset.pk, purged_at__isnull=False).update(preview_key=key, **named)
