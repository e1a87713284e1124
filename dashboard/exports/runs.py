"""Who makes which file now: claimed, kept alive, ended, taken back from lost workers; a conditional update each.

A run belongs to whoever's token stands in the row. Files lie in a folder of their export, so that those of lost runs
are deleted with it.
"""

import uuid
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db.models import F, QuerySet
from django.utils import timezone

from dashboard.exports.models import Export

# At about as many at once, all workers together: files are long work, and mails and readings must not wait for them.
AT_ONCE = 2
MAX_ATTEMPTS = 3
RETRY_AFTER = timedelta(seconds=30)
# A run says that it lives every few seconds, while the storage takes its file too; the last of that takes longest.
LOST_AFTER = timedelta(minutes=5)
FILE_KEPT = timedelta(hours=24)
ROW_KEPT = timedelta(days=30)
NO_LONGER_ALLOWED = "You may not export this any more."


class RunLost(Exception):
    """The run was taken away meanwhile: somebody else makes the file, or nobody."""


def export_take(pk: int) -> Export | None:
    """Claim a queued export whose time has come; None: it is somebody else's, or too many are being made."""
    running = Export.objects.filter(state=Export.State.RUNNING).count()
    now, token = timezone.now(), uuid.uuid4()
    queued = Export.objects.filter(pk=pk, state=Export.State.QUEUED, not_before__lte=now)
    begun = {"rows_done": 0, "rows_total": None, "beat_at": now, "attempts": F("attempts") + 1}
    if running >= AT_ONCE or not queued.update(state=Export.State.RUNNING, run_token=token, **begun):
        return None
    return Export.objects.select_related("workspace", "asked_by").get(pk=pk)


def export_beat(export: Export, **progress: int | str | None) -> None:
    """Save how far a run is, and that it lives; raises RunLost."""
    if not _held(export).update(beat_at=timezone.now(), **progress):
        raise RunLost


def export_finish(export: Export, *, path: str, rows: int, size: int) -> None:
    """Offer the file for FILE_KEPT; raises RunLost, and then the file is nobody's."""
    now = timezone.now()
    told = {"path": path, "rows_done": rows, "rows_total": rows, "bytes": size, "error": ""}
    until = {"ended_at": now, "expires_at": now + FILE_KEPT}
    if not _held(export).update(state=Export.State.DONE, run_token=None, **told, **until):
        raise RunLost


def export_fail(export: Export, error: str, *, is_final: bool = False) -> None:
    """Try again later, or after MAX_ATTEMPTS say that it cannot be made; a run that was taken away changes nothing."""
    now = timezone.now()
    if is_final or export.attempts >= MAX_ATTEMPTS:
        _held(export).update(state=Export.State.FAILED, run_token=None, error=error[:254], ended_at=now)
    else:
        pause = RETRY_AFTER * 2 ** (export.attempts - 1)
        _held(export).update(state=Export.State.QUEUED, run_token=None, error=error[:254], not_before=now + pause)


def exports_due() -> list[int]:
    """Return the exports that wait for a worker, the oldest first; as many as may be made at once."""
    queued = Export.objects.filter(state=Export.State.QUEUED, not_before__lte=timezone.now())
    return list(queued.order_by("not_before").values_list("pk", flat=True)[:AT_ONCE])


def exports_rescue() -> int:
    """Take back the runs whose worker was lost; return how many."""
    silent = Export.objects.filter(state=Export.State.RUNNING, beat_at__lte=timezone.now() - LOST_AFTER)
    lost = list(silent)
    for export in lost:
        export_fail(export, "Its worker was lost.")
    return len(lost)


def exports_expire() -> int:
    """Delete the files whose day is over, and what is left of withdrawn ones; return how many exports that were."""
    withdrawn = withdrawn_delete()
    over = list(Export.objects.filter(state=Export.State.DONE, expires_at__lte=timezone.now()))
    for export in over:
        export_expire(export)
    return len(over) + withdrawn


def export_expire(export: Export) -> None:
    """Delete an export's files, those of lost runs too; then say that they are gone."""
    files_delete(export)
    _unchanged(export).update(state=Export.State.EXPIRED, path="")


def exports_withdraw(exports: QuerySet[Export], why: str) -> None:
    """Offer finished files no more, with the reason, and have those begun anew that are being made.

    Within the caller's transaction; once it is committed, the files go with `withdrawn_delete`.
    """
    # The running ones first: one that is finished meanwhile is found among the others.
    begun = exports.filter(state=Export.State.RUNNING)
    begun.update(state=Export.State.QUEUED, run_token=None, not_before=timezone.now(), attempts=0)
    exports.filter(state=Export.State.DONE).update(state=Export.State.EXPIRED, error=why[:254])


def withdrawn_delete(workspace_id: int | None = None) -> int:
    """Delete the files of withdrawn exports, of one workspace or of all; return how many exports that were."""
    withdrawn = Export.objects.filter(state=Export.State.EXPIRED).exclude(path="")
    rows = list(withdrawn.filter(workspace=workspace_id) if workspace_id else withdrawn)
    for export in rows:
        files_delete(export)
        _unchanged(export).update(path="")
    return len(rows)


def exports_prune() -> int:
    """Forget the exports that ended a month ago and whatever of their files is left; return how many."""
    ended = [Export.State.FAILED, Export.State.EXPIRED]
    old = list(Export.objects.filter(state__in=ended, ended_at__lte=timezone.now() - ROW_KEPT))
    for export in old:
        files_delete(export)
        _unchanged(export).delete()
    return len(old)


def folder_of(export: Export) -> str:
    return f"exports/{export.key}"


def files_delete(export: Export) -> None:
    """Delete the files that an ended export left, those of lost runs too, unless it is made again meanwhile."""
    folder = folder_of(export)
    try:
        _, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    # Looked at after its folder: whatever a new run puts there has a name that was not listed.
    if _unchanged(export).exists():
        for name in names:
            default_storage.delete(f"{folder}/{name}")


def _unchanged(export: Export) -> QuerySet[Export]:
    return Export.objects.filter(pk=export.pk, state=export.state, path=export.path)


def _held(export: Export) -> QuerySet[Export]:
    return Export.objects.filter(pk=export.pk, state=Export.State.RUNNING, run_token=export.run_token)
