"""Writing history: one row for each thing that happened to a cluster, inside the transaction of the thing itself."""

from collections.abc import Mapping
from uuid import UUID

from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.services import audit_record
from dashboard.feedback.models import Change, Cluster


def change_record(
    cluster: Cluster,
    kind: Change.Kind,
    *,
    by: User | None,
    why: str = "",
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    press: UUID | None = None,
    undoes: Change | None = None,
) -> Change:
    """Append what was done to a cluster, and to the audit log where a person did it.

    The cluster's row is locked and carries the new version already.
    """
    change = Change.objects.create(
        cluster=cluster,
        kind=kind,
        by=by,
        at=timezone.now(),
        why=why[:500],
        before=dict(before or {}),
        after=dict(after or {}),
        version=cluster.version,
        press=press,
        undoes=undoes,
    )
    if by is not None:
        audit_record(
            action=f"feedback.{kind.value}",
            actor=by,
            subject=("feedback", cluster.label, cluster.label),
            before=before,
            after={**(after or {}), **({"why": why} if why else {})},
        )
    return change
