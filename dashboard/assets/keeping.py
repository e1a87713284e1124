"""Keeping originals, and letting go of them: the hosted service promises no retention."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.assets.models import Asset, KeepRule
from dashboard.assets.storage import original_delete
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
    """Return what a workspace keeps; a file that several assets share lies there once, and counts once."""
    rows = Asset.objects.filter(workspace=workspace)
    files = rows.filter(is_kept=True).order_by().values("content_hash")
    files = files.annotate(bytes=Max("content_bytes"), first_at=Min("kept_at"))
    told = files.aggregate(files=Count("content_hash"), size=Sum("bytes"), oldest=Min("first_at"))
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
    """Let go of the originals that have been kept for longer than so many days; return how many files went."""
    purged, before = 0, timezone.now() - timedelta(days=older_than_days)
    while rows := _let_go(workspace.pk, before):
        purged += _files_delete(rows)
    after = {"older_than_days": older_than_days, "files": purged}
    _record("assets.originals_purged", workspace, user, after=after)
    return purged


def originals_expire() -> int:
    """Let go of what workspaces keep for a number of days that is over; return how many files. A step a workspace."""
    rules = KeepRule.objects.exclude(days=None).select_related("workspace")
    now = timezone.now()
    return sum(_files_delete(_let_go(rule.workspace_id, now - timedelta(days=rule.days or 0))) for rule in rules)


def _let_go(workspace_id: int, before: datetime) -> list[Asset]:
    kept = Asset.objects.filter(workspace=workspace_id, is_kept=True, kept_at__lte=before)
    rows = list(kept.select_related("workspace").order_by("kept_at")[:PURGED_AT_ONCE])
    # The rows first: a row without its file would promise what is not there.
    Asset.objects.filter(pk__in=[row.pk for row in rows]).update(is_kept=False, kept_at=None)
    return rows


def _files_delete(rows: list[Asset]) -> int:
    return sum(original_delete(row) for row in {row.content_hash: row for row in rows}.values())


def _record(
    action: str,
    workspace: Workspace,
    user: User,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object],
) -> None:
    audit_record(
        action=action,
        actor=user,
        workspace_id=workspace.pk,
        subject=("workspace", workspace.key, workspace.name),
        before=before,
        after=after,
    )
