"""Purchases in the audit log."""

from collections.abc import Mapping

from dashboard.accounts.models import User
from dashboard.audit.services import audit_record
from dashboard.credits.models import Purchase


def purchase_audit(
    action: str,
    purchase: Purchase,
    *,
    user: User | None = None,
    before: str = "",
    refused: str = "",
    amounts: Mapping[str, int | str | None] | None = None,
) -> None:
    """Write what happened to a purchase: its state before and after, and whole credits and cents. None: the system."""
    audit_record(
        action=action,
        actor=user,
        workspace_id=purchase.workspace_id,
        subject=("purchase", str(purchase.key), str(purchase)),
        before={"state": before} if before else {},
        after={"state": purchase.state, **(amounts or {})},
        refused=refused,
    )
