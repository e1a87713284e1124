"""Purging one picture: whatever was drawn from its bytes, or holds them, goes from here at once and for good.

That is every asset of the workspace with these bytes: our copy, small pictures of every recipe, zips that may hold one.
The service keeps its own; the rows stay, and say when they were purged. First nobody is shown anything of it any more,
in one transaction, then the files go, then what names them: whatever dies in between, `purges_finish` takes it up.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Concat, Left
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.assets.models import Asset
from dashboard.assets.selectors import same_bytes
from dashboard.assets.storage import STEM, original_delete, previews_delete
from dashboard.assets.zip_export import zips_withdraw
from dashboard.audit.services import audit_record
from dashboard.exports.runs import withdrawn_delete

# So many rows a step: each means calls to the storage.
PURGED_AT_ONCE = 500
# Longer than anybody can be at work on a file that was purged meanwhile.
RECENT = timedelta(days=2)


def asset_purge(*, asset: Asset, user: User) -> int:
    """Purge a picture wherever its bytes appear in its workspace; return how many assets that were."""
    same = same_bytes(asset.workspace_id, asset.content_hash) | Asset.objects.filter(pk=asset.pk)
    with transaction.atomic():
        ids = list(same.select_for_update().values_list("remote_id", flat=True))
        _out_of_sight(same, workspace_id=asset.workspace_id)
        audit_record(
            action="assets.asset_purged",
            actor=user,
            workspace_id=asset.workspace_id,
            subject=("asset", asset.remote_id, asset.remote_id),
            after={"content_hash": asset.content_hash, "assets": ids[:50]},
        )
    purge_finish(same, workspace_id=asset.workspace_id)
    return len(ids)


def purge_finish(same: QuerySet[Asset], *, workspace_id: int) -> None:
    """Purge assets that came meanwhile with purged bytes, and delete the files of all of them."""
    # Once more: who stored the bytes, or put them into a zip, while the purge was not written down did not know.
    with transaction.atomic():
        _out_of_sight(same, workspace_id=workspace_id)
    withdrawn_delete(workspace_id)
    files_delete(same.filter(purged_at__isnull=False))


def purges_finish() -> int:
    """Finish purges that were cut off, or that a worker came too late for; return how many assets had files left."""
    recent = Asset.objects.filter(purged_at__gte=timezone.now() - RECENT)
    for workspace_id, content_hash in recent.values_list("workspace_id", "content_hash").distinct():
        same = same_bytes(workspace_id, content_hash)
        if same.filter(purged_at=None).exists():
            purge_finish(same, workspace_id=workspace_id)
    left = Asset.objects.filter(~Q(preview_key="") | Q(is_kept=True), purged_at__isnull=False)
    return files_delete(left.order_by("purged_at")[:PURGED_AT_ONCE])


def files_delete(purged: QuerySet[Asset]) -> int:
    """Delete what is stored of purged assets, then forget how it was called; return how many assets that were."""
    rows = list(purged.select_related("workspace"))
    for row in rows:
        Asset.objects.filter(pk=row.pk).update(is_kept=False, kept_at=None)
        original_delete(row)
        for stem in {row.content_hash[:STEM], row.preview_key[:STEM]} - {""}:
            previews_delete(row.workspace.key, stem)
        Asset.objects.filter(pk=row.pk).update(preview_key="", preview_recipe="", preview_largest=None)
    return len(rows)


def _out_of_sight(same: QuerySet[Asset], *, workspace_id: int) -> None:
    numbers = list(same.values_list("pk", flat=True))
    # What may lie there of an older recipe has a name too: as long as one stands here, its files are still to go.
    named = Case(When(preview_key="", then=Concat(Left("content_hash", STEM), Value("r"))), default=F("preview_key"))
    Asset.objects.filter(pk__in=numbers, purged_at=None).update(
        purged_at=timezone.now(),
        preview=Asset.Preview.GONE,
        preview_problem="purged",
        preview_due_at=None,
        preview_key=named,
        colour="",
        placeholder="",
    )
    zips_withdraw(workspace_id, numbers)
