"""Asking for a file, and the states between that and its deletion."""

from collections.abc import Mapping
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.audit.services import audit_record
from dashboard.exports.models import Export

MAX_OPEN = 3
MAX_DAILY = 20
TOO_MANY_OPEN = f"{MAX_OPEN} of your exports are being made already. Wait for one of them, then ask again."
TOO_MANY_TODAY = f"You asked for {MAX_DAILY} exports within a day. Fetch one of them, or ask again tomorrow."


class ExportRefused(Exception):
    """Nothing is made; the sentence is for whoever asked."""


def export_request(
    *,
    user: User,
    workspace: Workspace | None,
    kind: str,
    parameters: Mapping[str, str],
    page_url: str,
    about: str = "",
    upto: int | None = None,
) -> Export:
    """Save that somebody wants a file; asked for again while it is being made, the same one is returned.

    The caller's view has decided that the person may see these rows; it is asked again when the file is made and
    fetched. Raises ExportRefused, audited: too many of one person.
    """
    now = timezone.now()
    wanted = Export(
        workspace=workspace,
        asked_by=user,
        asked_at=now,
        kind=kind,
        parameters=dict(parameters),
        about=about[:500],
        page_url=page_url,
        zone=timezone.get_current_timezone_name(),
        upto=upto,
        not_before=now,
    )
    try:
        with transaction.atomic():
            return _same_open(wanted) or _add(wanted)
    except ExportRefused as refusal:
        _audit("export.requested", wanted, refused=str(refusal))
        raise


def export_again(export: Export) -> None:
    """Make a file anew that failed, or whose day is over; nothing changes if it is neither any more.

    Raises ExportRefused: too many of this person are being made.
    """
    is_gone = Q(state=Export.State.EXPIRED) | Q(state=Export.State.DONE, expires_at__lte=timezone.now())
    over = Export.objects.filter(Q(state=Export.State.FAILED) | is_gone, pk=export.pk)
    afresh = {"attempts": 0, "rows_done": 0, "rows_total": None, "ended_at": None, "expires_at": None, "error": ""}
    with transaction.atomic():
        _flood_stop(export.asked_by)
        if not over.update(state=Export.State.QUEUED, not_before=timezone.now(), path="", **afresh):
            return
        _audit("export.requested", export)
    if export.path:
        # A new run gives its file another name: nothing that is to come goes with it.
        default_storage.delete(export.path)


def export_note_download(export: Export, *, user: User) -> None:
    """Write down that the file leaves, before its first byte does."""
    _audit("export.downloaded", export, actor=user)


def _same_open(wanted: Export) -> Export | None:
    # The person's row is the lock for all they ask for at once.
    User.objects.select_for_update(no_key=True).get(pk=wanted.asked_by_id)
    same = Export.objects.filter(
        asked_by=wanted.asked_by,
        workspace=wanted.workspace,
        kind=wanted.kind,
        parameters=wanted.parameters,
        state__in=Export.OPEN,
    )
    return same.first()


def _add(wanted: Export) -> Export:
    _flood_stop(wanted.asked_by)
    recent = Export.objects.filter(asked_by=wanted.asked_by, asked_at__gt=wanted.asked_at - timedelta(days=1))
    if recent.count() >= MAX_DAILY:
        raise ExportRefused(TOO_MANY_TODAY)
    wanted.save()
    _audit("export.requested", wanted)
    return wanted


def _flood_stop(user: User) -> None:
    if Export.objects.filter(asked_by=user, state__in=Export.OPEN).count() >= MAX_OPEN:
        raise ExportRefused(TOO_MANY_OPEN)


def _audit(action: str, export: Export, *, actor: User | None = None, refused: str = "") -> None:
    audit_record(
        action=action,
        actor=actor or export.asked_by,
        workspace_id=export.workspace_id,
        subject=("export", str(export.key), export.label),
        after={"kind": export.kind, "parameters": export.parameters},
        refused=refused,
    )
