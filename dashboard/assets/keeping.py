"""Keeping originals, and letting go of them: the hosted service promises no retention.

What is purged is gone from here for good: our copy of the file, its small pictures, and everything drawn from it. The
service keeps its own; the row stays, and says when it was purged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet, Sum
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.assets.models import Asset, KeepRule
from dashboard.assets.previews import PREVIEW_WIDTHS
from dashboard.assets.storage import original_path, preview_path
from dashboard.audit.services import audit_record

# So many files a step: each is a call to the storage.
PURGED_AT_ONCE = 500


@dataclass(frozen=True)
class Kept:
    """How many originals a workspace keeps, their bytes, since when, and how many are still to be fetched."""

    files: int
    size: int
    oldest_at: datetime | None
    waiting: int


def keep_rule_get(workspace: Workspace) -> KeepRule:
    return KeepRule.objects.filter(workspace=workspace).first() or KeepRule(workspace=workspace)


def kept_sum(workspace: Workspace) -> Kept:
    """Return what a workspace keeps; a file that several assets share counts once for each."""
    rows = Asset.objects.filter(workspace=workspace)
    told = rows.filter(is_kept=True).aggregate(files=Count("pk"), size=Sum("content_bytes"), oldest=Min("kept_at"))
    waiting = rows.filter(preview_due_at__isnull=False).count()
    return Kept(told["files"], told["size"] or 0, told["oldest"], waiting)


def keep_rule_change(*, workspace: Workspace, user: User, is_on: bool, days: int | None) -> None:
    """Switch keeping on or off, and for how many days (None: until purged by hand); what is kept stays until then."""
    with transaction.atomic():
        rule, _ = KeepRule.objects.select_for_update().get_or_create(workspace=workspace)
        before = {"keeps_originals": rule.is_on, "days": rule.days}
        rule.is_on, rule.days = is_on, days
        rule.save()
        after = {"keeps_originals": is_on, "days": days}
        _record("assets.keeping_changed", workspace, user, before=before, after=after)
    if is_on and not before["keeps_originals"]:
        _not_kept(workspace).update(preview_due_at=timezone.now(), preview_attempts=0)


def _not_kept(workspace: Workspace) -> QuerySet[Asset]:
    """Return what may still be fetched and is not about to be."""
    rows = Asset.objects.filter(workspace=workspace, is_kept=False, purged_at=None, preview_due_at=None)
    return rows.exclude(Q(url="") | Q(preview=Asset.Preview.GONE))


def originals_purge(*, workspace: Workspace, user: User, older_than_days: int) -> int:
    """Let go of the originals that have been kept for longer than so many days; return how many."""
    purged = 0
    while step := _purge_step(workspace.pk, timezone.now() - timedelta(days=older_than_days)):
        purged += step
    after = {"older_than_days": older_than_days, "files": purged}
    _record("assets.originals_purged", workspace, user, after=after)
    return purged


def originals_expire() -> int:
    """Let go of what workspaces keep for a number of days that is over; return how many. A step a workspace."""
    rules = KeepRule.objects.exclude(days=None).select_related("workspace")
    return sum(_purge_step(rule.workspace_id, timezone.now() - timedelta(days=rule.days or 0)) for rule in rules)


def _purge_step(workspace_id: int, before: datetime) -> int:
    kept = Asset.objects.filter(workspace=workspace_id, is_kept=True, kept_at__lte=before)
    rows = list(kept.select_related("workspace").order_by("kept_at")[:PURGED_AT_ONCE])
    # The rows first: a row without its file would promise what is not there.
    Asset.objects.filter(pk__in=[row.pk for row in rows]).update(is_kept=False, kept_at=None)
    for row in rows:
        _original_delete(row)
    return len(rows)


def asset_purge(*, asset: Asset, user: User) -> int:
    """Purge a picture with all that was drawn from it, wherever its bytes appear in its workspace; return how many.

    First nobody is shown it any more, then the files go, then what names them: whatever dies in between,
    `purges_finish` takes it up.
    """
    with transaction.atomic():
        same = Asset.objects.select_for_update().filter(workspace_id=asset.workspace_id)
        same = same.filter(content_hash=asset.content_hash) if asset.content_hash else same.filter(pk=asset.pk)
        ids = dict(same.values_list("pk", "remote_id"))
        Asset.objects.filter(pk__in=ids).update(
            purged_at=timezone.now(),
            preview=Asset.Preview.GONE,
            preview_problem="purged",
            preview_due_at=None,
            colour="",
            placeholder="",
        )
        after = {"content_hash": asset.content_hash, "assets": list(ids.values())[:50]}
        subject = ("asset", asset.remote_id, asset.remote_id)
        _record("assets.asset_purged", asset.workspace, user, after=after, subject=subject)
    _files_delete(Asset.objects.filter(pk__in=ids))
    return len(ids)


def purges_finish() -> int:
    """Delete the files of purged pictures that are still there: a purge was cut off, or a worker came late."""
    left = Asset.objects.filter(~Q(preview_key="") | Q(is_kept=True), purged_at__isnull=False)
    return _files_delete(left.order_by("pk")[:PURGED_AT_ONCE])


def _files_delete(purged: QuerySet[Asset]) -> int:
    rows = list(purged.select_related("workspace"))
    for row in rows:
        Asset.objects.filter(pk=row.pk).update(is_kept=False, kept_at=None)
        _original_delete(row)
        for width in PREVIEW_WIDTHS:
            if row.preview_key:
                default_storage.delete(preview_path(row.workspace.key, row.preview_key, width))
        Asset.objects.filter(pk=row.pk).update(preview_key="", preview_recipe="", preview_largest=None)
    return len(rows)


def _original_delete(asset: Asset) -> None:
    """Delete our copy, unless another asset of the workspace has the same bytes and keeps them."""
    others = Asset.objects.filter(workspace_id=asset.workspace_id, content_hash=asset.content_hash, is_kept=True)
    if asset.content_hash and not others.exists():
        default_storage.delete(original_path(asset.workspace.key, asset.content_hash))


def _record(
    action: str,
    workspace: Workspace,
    user: User,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object],
    subject: tuple[str, str, str] | None = None,
) -> None:
    audit_record(
        action=action,
        actor=user,
        workspace_id=workspace.pk,
        subject=subject or ("workspace", workspace.key, workspace.name),
        before=before,
        after=after,
    )
