"""What people decide about being asked to pay, and about how buying is guarded."""

from django.db import transaction
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Claim
from dashboard.audit.services import audit_record
from dashboard.credits.models import BuyingRule, HandOffMute, Purchase
from dashboard.credits.selectors import buying_rule_get
from dashboard.credits.settle import purchase_lock
from dashboard.credits.trail import purchase_audit


def hand_off_dismiss(*, purchase: Purchase, user: User) -> bool:
    """Say "not now" to what an agent asks for; True the first time. The checkout stays open until it runs out."""
    with transaction.atomic():
        locked = purchase_lock(purchase.pk)
        if locked.origin != Purchase.Origin.AGENT or locked.dismissed_at:
            return False
        locked.dismissed_at, locked.dismissed_by = timezone.now(), user
        locked.save(update_fields=["dismissed_at", "dismissed_by"])
        amounts = {"price_cents": locked.price_cents}
        purchase_audit("hand_off.dismissed", locked, user=user, before=locked.state, amounts=amounts)
    return True


def hand_offs_mute(*, claim: Claim, user: User) -> None:
    """Say "don't ask for this again": this agent's hand-offs come to this workspace's inbox no more."""
    with transaction.atomic():
        _, is_new = HandOffMute.objects.get_or_create(
            workspace_id=claim.workspace_id, agent_id=claim.agent_id, defaults={"muted_by": user}
        )
        if is_new:
            _audit_agent("hand_offs.muted", claim, user)


def hand_offs_unmute(*, claim: Claim, user: User) -> None:
    """Let the agent ask again."""
    with transaction.atomic():
        muted = HandOffMute.objects.filter(workspace_id=claim.workspace_id, agent_id=claim.agent_id)
        if muted.delete()[0]:
            _audit_agent("hand_offs.unmuted", claim, user)


def buying_rule_change(*, workspace: Workspace, user: User, fresh_sign_in_cents: int) -> BuyingRule:
    """Change above how many cents of live money buying asks for a fresh sign-in."""
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=workspace.pk)
        rule = buying_rule_get(workspace)
        before, rule.fresh_sign_in_cents = rule.fresh_sign_in_cents, fresh_sign_in_cents
        rule.save()
        if before != fresh_sign_in_cents:
            audit_record(
                action="buying_rule.changed",
                actor=user,
                workspace_id=workspace.pk,
                subject=("workspace", workspace.key, workspace.name),
                before={"fresh_sign_in_cents": before},
                after={"fresh_sign_in_cents": fresh_sign_in_cents},
            )
    return rule


def _audit_agent(action: str, claim: Claim, user: User) -> None:
    audit_record(
        action=action,
        actor=user,
        workspace_id=claim.workspace_id,
        subject=("agent", claim.agent.remote_id, claim.agent.display_name),
    )
