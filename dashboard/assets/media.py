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
from dashboard.assets.models import Asset, KeepRule
from dashboard.assets.originals import original_fetch
from dashboard.assets.previews import PREVIEW_WIDTHS
from dashboard.assets.storage import RECIPE, original_store, preview_key, preview_store
from dashboard.lib.outbound import OutboundError, OutboundFailed

log = structlog.get_logger(__name__)

# Longer than one try can take: fetching, waiting for a decoder, decoding, storing.
LEASE = timedelta(minutes=10)
# Pauses after tries that may succeed later; about a day all together.
RETRY_PAUSES = tuple(timedelta(minutes=2**step) for step in range(11))
# Words for what the way out refuses (dashboard/lib/outbound.py), as the glossary "preview_problem" has them.
REFUSALS = {"gone": "gone", "too_large": "file_too_large", "origin": "not_allowed", "address": "not_allowed"}
KINDS = {"image": Asset.Kind.IMAGE, "video": Asset.Kind.VIDEO}
FIELDS = (
    *("kind", "mime_type", "width", "height", "aspect", "content_hash", "content_bytes", "preview", "preview_problem"),
    *("preview_key", "preview_largest", "colour", "placeholder", "duration_ms", "is_animated", "is_kept", "kept_at"),
    *("preview_due_at", "preview_attempts", "preview_recipe"),
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
    with tempfile.TemporaryDirectory(prefix="media-") as folder:
        path = Path(folder) / "file"
        try:
            fetched = original_fetch(asset, path)
        except OutboundFailed as failed:
            _again(taken, failed.code)
            return
        except OutboundError as refused:
            _refused(taken, REFUSALS.get(refused.code, "not_allowed"))
            return
        asset.content_hash, asset.content_bytes = fetched.sha256, fetched.size
        if was_purged(asset):
            _refused(taken, "purged")
            return
        if asset.preview != Asset.Preview.TILE and asset.preview_recipe != RECIPE:
            _pictures_make(asset, path)
        if keeps_originals(asset.workspace_id):
            original_store(asset.workspace.key, fetched.sha256, path)
            asset.is_kept, asset.kept_at = True, timezone.now()
    _done(taken)


def media_rebuild(*, workspace_key: str = "") -> int:
    """Make due what was made before, or could not be; return how many. What there is is shown meanwhile."""
    again = Asset.objects.filter(preview__in=[Asset.Preview.READY, Asset.Preview.CANNOT], purged_at=None).exclude(
        url=""
    )
    if workspace_key:
        again = again.filter(workspace__key=workspace_key)
    return again.update(preview_due_at=timezone.now(), preview_attempts=0, preview_recipe="")


def was_purged(asset: Asset) -> bool:
    """Tell whether an owner purged these bytes: they do not come back under another id."""
    same = Asset.objects.filter(workspace_id=asset.workspace_id, content_hash=asset.content_hash)
    return same.filter(purged_at__isnull=False).exists()


def keeps_originals(workspace_id: int) -> bool:
    return KeepRule.objects.filter(workspace=workspace_id, is_on=True).exists()


def _pictures_make(asset: Asset, path: Path) -> None:
    try:
        decoded = decoders.decode(path, PREVIEW_WIDTHS)
    except CannotPreview as problem:
        log.info("cannot_preview", asset_id=asset.pk, problem=str(problem))
        asset.preview, asset.preview_problem, asset.preview_key = Asset.Preview.CANNOT, problem.problem, ""
        return
    key = preview_key(asset.content_hash)
    for width, picture in zip(PREVIEW_WIDTHS, decoded.pictures, strict=False):
        preview_store(asset.workspace.key, key, width, picture)
    decoded_apply(asset, decoded, key)


def decoded_apply(asset: Asset, decoded: Decoded, key: str) -> None:
    """Note what a file turned out to be, whatever its name and its sender said."""
    asset.preview_recipe = RECIPE
    asset.mime_type, asset.kind = decoded.mime, KINDS[decoded.mime.partition("/")[0]]
    size_apply(asset, decoded.width, decoded.height)
    asset.preview, asset.preview_problem, asset.preview_key = Asset.Preview.READY, "", key
    asset.preview_largest = PREVIEW_WIDTHS[len(decoded.pictures) - 1]
    asset.colour, asset.placeholder = decoded.colour, decoded.placeholder
    asset.duration_ms, asset.is_animated = decoded.duration_ms, decoded.is_animated


def _again(taken: Taken, problem: str) -> None:
    """Try again later, and give up after a day: then the row says why."""
    asset = taken.asset
    if asset.preview_attempts > len(RETRY_PAUSES):
        _refused(taken, "unreachable" if problem != "internal" else problem)
        return
    asset.preview_due_at = timezone.now() + RETRY_PAUSES[asset.preview_attempts - 1]
    _save(taken)


def _refused(taken: Taken, problem: str) -> None:
    asset = taken.asset
    # Pictures that were made before, and tiles, stay when only the original was to be kept.
    if asset.preview not in {Asset.Preview.READY, Asset.Preview.TILE}:
        asset.preview = Asset.Preview.GONE if problem == "gone" else Asset.Preview.CANNOT
        asset.preview_problem = problem
    _done(taken)


def _done(taken: Taken) -> None:
    taken.asset.preview_due_at, taken.asset.preview_attempts = None, 0
    _save(taken)


def _save(taken: Taken) -> None:
    """Write what was found, unless the row was taken away meanwhile: purged, or given to somebody else."""
    asset = taken.asset
    mine = Asset.objects.filter(pk=asset.pk, preview_due_at=taken.until, purged_at=None)
    if not mine.update(**{name: getattr(asset, name) for name in FIELDS}):
        # What was stored meanwhile for a purged row goes with the next `purges_finish`, which has to know its name.
        purged = Asset.objects.filter(pk=asset.pk, purged_at__isnull=False)
        purged.update(preview_key=asset.preview_key, content_hash=asset.content_hash, is_kept=asset.is_kept)
