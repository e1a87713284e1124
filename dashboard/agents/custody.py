"""Stop and Start again: the two presses of a bad day. Stopping wants no fresh sign-in; undoing it does."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.accounts.selectors import owner_list
from dashboard.agents.instructions import instruct, instruct_undo, instruction_carry_out
from dashboard.agents.models import Claim, Instruction
from dashboard.agents.trail import claim_audit, claim_facts
from dashboard.freshness.models import Stream
from dashboard.freshness.services import cursor_hurry
from dashboard.notify.services import mail_queue


def agent_stop(*, claim: Claim, user: User) -> bool:
    """Freeze buying for an agent and have Image Skill shut it out where it can be told; True for the press that did.

    The freeze and the wish are saved before the call. A call that fails, or whose outcome is unknown, is repeated by a
    task with the same wish: revoking twice changes nothing.
    """
    with transaction.atomic():
        held = Claim.objects.select_for_update().get(pk=claim.pk)
        if held.is_stopped or held.released_at:
            return False
        before, now = claim_facts(held), timezone.now()
        held.stopped_at, held.stopped_by = now, user
        held.save(update_fields=["stopped_at", "stopped_by"])
        instruction = instruct(agent=held.agent, wish=Instruction.Wish.REVOKE, user=user)
        # What it still spends is worth seeing at once.
        cursor_hurry(stream=Stream.AGENT, subject_id=held.agent_id, unless_since=now)
        claim_audit("agent.stopped", held, user, before=before)
        _owners_tell(held, user, now)
    if instruction:
        instruction_carry_out(instruction.pk)
    return True


def agent_start(*, claim: Claim, user: User) -> bool:
    """Undo a stop: buying is open again, and Image Skill lets the agent in if it was us who shut it out."""
    with transaction.atomic():
        held = Claim.objects.select_for_update().get(pk=claim.pk)
        if not held.is_stopped or held.released_at:
            return False
        before = claim_facts(held)
        held.stopped_at = held.stopped_by = None
        held.save(update_fields=["stopped_at", "stopped_by"])
        instruction = instruct_undo(agent=held.agent, wish=Instruction.Wish.REVOKE, user=user)
        claim_audit("agent.started", held, user, before=before)
    if instruction:
        instruction_carry_out(instruction.pk)
    return True


def _owners_tell(claim: Claim, user: User, at: datetime) -> None:
    for owner in owner_list(claim.workspace):
        mail_queue(
            to=owner.email,
            template="agent_stopped",
            context={"claim": claim, "owner": owner, "user": user, "dashboard_url": settings.DASHBOARD_URL},
            dedupe_key=f"agent_stopped:{claim.pk}:{at.isoformat()}:{owner.pk}",
        )
