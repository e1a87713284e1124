"""Goodwill as billing has it: its own notes beside threads, and ticking off any note. Neither moves any credits."""

from django.db import transaction
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.services import audit_record
from dashboard.feedback.models import Goodwill
from dashboard.support.models import Thread


@transaction.atomic
def goodwill_note(*, thread: Thread, credits_: int, text: str, user: User) -> Goodwill:
    """Write down what a sponsor should get, and why; the same again while it is open is the same note.

    The sponsor's log does not have it: an amount there would read as a promise.
    """
    held = Thread.objects.select_for_update().select_related("workspace").get(pk=thread.pk)
    said = {"thread": held, "workspace": held.workspace, "credits": credits_, "text": text, "written_by": user}
    note, is_new = Goodwill.objects.get_or_create(
        **said,
        settled_at=None,
        defaults={
            "agent_remote_id": held.subject_id if held.subject_kind == "agent" else "",
            "written_at": timezone.now(),
        },
    )
    if is_new:
        audit_record(action="goodwill.noted", actor=user, subject=note.subject, after={"credits": credits_})
    return note


def goodwill_settle(goodwill: Goodwill, *, user: User) -> None:
    """Note that billing has dealt with it; the second who says so changes nothing."""
    with transaction.atomic():
        is_new = Goodwill.objects.filter(pk=goodwill.pk, settled_at=None).update(
            settled_by=user, settled_at=timezone.now()
        )
        if is_new:
            audit_record(
                action="feedback.goodwill_settled",
                actor=user,
                workspace_id=goodwill.workspace_id if goodwill.cluster_id else None,
                subject=goodwill.subject,
            )
