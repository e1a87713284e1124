"""Setting guardrails: tightening them is like Stop, loosening like Start again (owners, after a fresh sign-in)."""

from django.db import transaction
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.activity.crossings import crossings_note
from dashboard.agents.guardrail_rules import Limits, limits_said, loosened
from dashboard.agents.instructions import instruct_limits, instruction_carry_out
from dashboard.agents.models import Agent, Claim, Guardrail, GuardrailCrossing, Instruction
from dashboard.audit.services import audit_record


class LooseningRefused(Exception):
    """A limit would be raised or taken away by somebody who may only tighten."""


def limits_of(claim: Claim) -> Limits:
    """Return the guardrails of a claim as they stand."""
    rows = Guardrail.objects.filter(claim=claim).order_by("kind", "is_hard")
    return {(Guardrail.Kind(row.kind), row.is_hard): row.limit for row in rows}


def guardrails_set(*, claim: Claim, user: User, wanted: Limits, may_loosen: bool) -> bool:
    """Put these limits in the place of those that stand; True where something changed. Raises LooseningRefused.

    What they mean is looked at at once: a limit that is reached already is a crossing now. Hard ones are told to Image
    Skill where it can be told, after everything is saved; saved again, they are told again if it refused them.
    """
    with transaction.atomic():
        # The agent first, as everywhere; its key stays free, for a stop that holds the claim names it.
        agent = Agent.objects.select_for_update(no_key=True).get(pk=claim.agent_id)
        held = Claim.objects.select_for_update().get(pk=claim.pk)
        before = limits_of(held)
        if held.released_at:
            return False
        if loosened(before, wanted) and not may_loosen:
            raise LooseningRefused
        changed = before != wanted
        if changed:
            _limits_write(held, user, before, wanted)
        instruction = _instruct(agent, user, wanted)
    if instruction:
        instruction_carry_out(instruction.pk)
    return changed


def _limits_write(claim: Claim, user: User, before: Limits, wanted: Limits) -> None:
    now = timezone.now()
    gone = set(before) - set(wanted)
    for kind, is_hard in gone:
        Guardrail.objects.filter(claim=claim, kind=kind, is_hard=is_hard).delete()
    for (kind, is_hard), limit in wanted.items():
        if before.get((kind, is_hard)) != limit:
            told = {"limit": limit, "set_by": user, "set_at": now}
            Guardrail.objects.update_or_create(claim=claim, kind=kind, is_hard=is_hard, defaults=told)
    for kind, is_hard in loosened(before, wanted):
        standing = GuardrailCrossing.objects.filter(workspace=claim.workspace_id, agent=claim.agent_id, kind=kind)
        standing.filter(is_hard=is_hard, recovered_at=None, ends_at__gt=now).update(recovered_at=now)
    rules = list(Guardrail.objects.filter(claim=claim))
    crossings_note(claim=claim, rules=rules, moments=[now], at=now)
    audit_record(
        action="guardrails.changed",
        actor=user,
        workspace_id=claim.workspace_id,
        subject=("agent", claim.agent.remote_id, claim.agent.display_name),
        before=limits_said(before),
        after=limits_said(wanted),
    )


def _instruct(agent: Agent, user: User, wanted: Limits) -> Instruction | None:
    """Have Image Skill told of the hard limits, unless it holds them or is being told already."""
    hard = {kind.value: limit for (kind, is_hard), limit in wanted.items() if is_hard}
    told = Instruction.objects.filter(agent=agent, matter=Instruction.Matter.LIMITS).first()
    if told and told.limits == hard and told.state != Instruction.State.REFUSED:
        return None
    return instruct_limits(agent=agent, limits=hard, user=user)
