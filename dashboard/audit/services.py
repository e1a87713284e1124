"""Writing the audit log."""

from collections.abc import Mapping
from typing import Protocol

from dashboard.audit.models import AuditEntry


class Actor(Protocol):
    """A person, as the log needs to know them."""

    pk: int
    email: str


def audit_record(
    *,
    action: str,
    actor: Actor | str | None,
    subject: tuple[str, str, str],
    workspace_id: int | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    refused: str = "",
) -> AuditEntry:
    """Append who did what to what; called inside the transaction of the change itself.

    `subject` is (kind, id, label). `actor` None stands for the system, a text for somebody without
    an account ("the agent"). `refused` holds the reason of a refusal.
    `before` and `after` never hold a token, code or password.
    """
    return AuditEntry.objects.create(
        action=action,
        outcome=AuditEntry.Outcome.REFUSED if refused else AuditEntry.Outcome.DONE,
        reason=refused[:254],
        actor_id=None if actor is None or isinstance(actor, str) else actor.pk,
        actor_label=_label(actor),
        workspace_id=workspace_id,
        subject_kind=subject[0],
        subject_id=subject[1][:200],
        subject_label=subject[2][:254],
        before=dict(before or {}),
        after=dict(after or {}),
    )


def _label(actor: Actor | str | None) -> str:
    if actor is None:
        return "system"
    return actor if isinstance(actor, str) else actor.email
