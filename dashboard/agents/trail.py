"""What the audit log keeps of a claim."""

from dashboard.accounts.models import User
from dashboard.agents.models import Claim
from dashboard.audit.services import audit_record

THE_AGENT = "the agent"


def claim_facts(claim: Claim | None) -> dict[str, object]:
    """Return what the log keeps of a claim, before and after each change."""
    if claim is None or claim.released_at:
        return {"linked": False}
    return {
        "linked": True,
        "token_refused": claim.needs_relink,
        "warn_credits_per_day": claim.warn_credits_per_day,
        "stopped": claim.is_stopped,
    }


def claim_audit(
    action: str, claim: Claim, user: User | str | None, *, before: dict[str, object], refused: str = ""
) -> None:
    """Write down what was done to a claim, which is as it is afterwards; inside the transaction of the change.

    `user` is a person, or in words who has no account here.
    """
    audit_record(
        action=action,
        actor=user,
        workspace_id=claim.workspace_id,
        subject=("agent", claim.agent.remote_id, claim.agent.display_name),
        before=before,
        after=claim_facts(claim),
        refused=refused,
    )
