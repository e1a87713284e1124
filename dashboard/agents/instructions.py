"""Telling Image Skill about an agent, where the service lets us (operator extension): a row first, then the call.

Whatever the call's fate, the row keeps the wish and a task repeats it until Image Skill has heard it; each of the five
may be repeated there. One call an agent and matter at a time, so that an earlier wish never arrives after a later one.
"""

import uuid
from datetime import datetime, timedelta

import structlog
from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from api_client import (
    ApiError,
    Conflict,
    Forbidden,
    Guardrails,
    InvalidRequest,
    NotFound,
    OperatorAgent,
    OperatorClient,
)
from dashboard.accounts.models import User
from dashboard.agents.models import Agent, Claim, Instruction, ServiceClaimRequest
from dashboard.audit.services import audit_record
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.freshness.services import cursor_open, cursor_stop
from dashboard.lib.backoff import backoff
from dashboard.remote import has_operator, operator_client

log = structlog.get_logger(__name__)

CALL_SECONDS = 5.0
# A worker that dies in a call leaves the row to the next sweep after this long; no call takes as long.
BUSY_FOR = timedelta(seconds=30)
RETRY_FIRST, RETRY_AT_MOST = timedelta(seconds=5), timedelta(minutes=15)
AT_ONCE = 50

Wish = Instruction.Wish
_MATTER = {
    Wish.REVOKE: Instruction.Matter.ACCESS,
    Wish.RESTORE: Instruction.Matter.ACCESS,
    Wish.CLAIM: Instruction.Matter.CLAIM,
    Wish.RELEASE: Instruction.Matter.CLAIM,
    Wish.LIMIT: Instruction.Matter.LIMITS,
}
_UNDOES = {Wish.REVOKE: Wish.RESTORE, Wish.CLAIM: Wish.RELEASE}
# It understood, and will say the same again.
_FINAL = (Conflict, Forbidden, InvalidRequest, NotFound)


def instruct(
    *, agent: Agent, wish: Instruction.Wish, user: User | None, limits: dict[str, int] | None = None
) -> Instruction | None:
    """Write down what Image Skill shall be told, inside the transaction of the decision; None where it cannot be."""
    if not has_operator():
        return None
    now = timezone.now()
    fresh: dict[str, object] = {"state": Instruction.State.PENDING, "tries": 0, "ended_at": None, "problem": ""}
    instruction, _ = Instruction.objects.update_or_create(
        agent=agent,
        matter=_MATTER[wish],
        defaults={
            "wish": wish,
            "limits": limits or {},
            "ticket": uuid.uuid4(),
            "asked_by": user,
            "asked_at": now,
            "not_before": now,
            **fresh,
        },
    )
    return instruction


def instruct_undo(*, agent: Agent, wish: Instruction.Wish, user: User | None) -> Instruction | None:
    """Take a wish back, if it is ours and may have come true: what somebody else did at Image Skill stays."""
    ours = Instruction.objects.filter(agent=agent, matter=_MATTER[wish], wish=wish)
    if not ours.exclude(state=Instruction.State.REFUSED).exists():
        return None
    return instruct(agent=agent, wish=_UNDOES[wish], user=user)


def instruct_limits(*, agent: Agent, limits: dict[str, int], user: User | None) -> Instruction | None:
    """Have Image Skill hold an agent to these limits instead of what we told before; None where nothing is to be told.

    They take the place of all that there are. What others limited there we lift only once we told limits of our own.
    """
    if not limits and not Instruction.objects.filter(agent=agent, matter=Instruction.Matter.LIMITS).exists():
        return None
    return instruct(agent=agent, wish=Wish.LIMIT, user=user, limits=limits)


def instructions_carry_out() -> int:
    """Tell Image Skill everything whose time has come; return how many instructions are settled now."""
    if not has_operator():
        return 0
    due = _waiting(timezone.now()).order_by("not_before").values_list("pk", flat=True)[:AT_ONCE]
    return sum(instruction_carry_out(instruction_id) for instruction_id in list(due))


def instruction_carry_out(instruction_id: int) -> bool:
    """Tell Image Skill one thing, outside any transaction, unless that is being done; True when it is settled."""
    now = timezone.now()
    mine = _waiting(now).filter(pk=instruction_id).update(busy_until=now + BUSY_FOR, tries=F("tries") + 1)
    client = operator_client(deadline_seconds=CALL_SECONDS) if mine else None
    if client is None:
        return False
    instruction = Instruction.objects.select_related("agent", "asked_by").get(pk=instruction_id)
    try:
        with client:
            told = _tell(client, instruction)
    except _FINAL as error:
        return _refused(instruction, error.for_people[:254])
    except ApiError as error:
        log.warning("instruction_unheard", instruction_id=instruction_id, code=error.code, trace_id=error.trace_id)
        pause = backoff(instruction.tries, first=RETRY_FIRST, most=RETRY_AT_MOST)
        wait = max(pause, timedelta(seconds=error.retry_after_seconds or 0))
        _settle(instruction, not_before=now + wait, problem=error.for_people[:254])
        return False
    return _heard(instruction, told)


def is_shut_out(claim: Claim) -> bool:
    """Tell whether a refused token is no surprise: this stop shut the agent out, or its undoing is not heard yet.

    A stop of whoever held the agent before says nothing about a token that has worked since.
    """
    access = instruction_get(claim.agent_id, Instruction.Matter.ACCESS)
    if access is None or access.state == Instruction.State.REFUSED:
        return False
    if access.wish == Wish.RESTORE:
        return access.state == Instruction.State.PENDING
    return claim.is_stopped


def instruction_get(agent_id: int, matter: Instruction.Matter) -> Instruction | None:
    return Instruction.objects.filter(agent_id=agent_id, matter=matter).first()


def _waiting(now: datetime) -> QuerySet[Instruction]:
    pending = Instruction.objects.filter(state=Instruction.State.PENDING, not_before__lte=now)
    return pending.filter(Q(busy_until=None) | Q(busy_until__lte=now))


def _tell(client: OperatorClient, instruction: Instruction) -> OperatorAgent:
    remote_id = instruction.agent.remote_id
    match Wish(instruction.wish):
        case Wish.REVOKE:
            return client.agents.revoke(remote_id)
        case Wish.RESTORE:
            return client.agents.restore(remote_id)
        case Wish.RELEASE:
            return client.agents.release(remote_id)
        case Wish.CLAIM:
            return client.agents.claim(remote_id, contact=_contact(instruction))
        case Wish.LIMIT:
            return client.agents.guardrails_set(remote_id, Guardrails(**instruction.limits))


def _contact(instruction: Instruction) -> str | None:
    """Return the confirmed address that the agent asked for where we know it, else the sponsor's first one."""
    own = EmailAddress.objects.filter(user=instruction.asked_by, verified=True).order_by("-primary", "pk")
    addresses = [address.lower() for address in own.values_list("email", flat=True)]
    asked = ServiceClaimRequest.objects.filter(remote_id=instruction.agent.remote_id, inbox__address__in=addresses)
    return asked.values_list("inbox__address", flat=True).first() or next(iter(addresses), None)


def _heard(instruction: Instruction, told: OperatorAgent) -> bool:
    with transaction.atomic():
        # The agent before its instruction, as everywhere.
        agent = Agent.objects.select_for_update().get(pk=instruction.agent_id)
        if not _settle(instruction, state=Instruction.State.DONE, problem="", ended_at=timezone.now()):
            return False
        agent.claim_state, agent.grants = told.claim_state[:64], [grant[:100] for grant in told.grants[:100]]
        if instruction.wish == Wish.REVOKE:
            agent.token_status = "revoked"  # noqa: S105 - a word of the glossary
            cursor_stop(stream=Stream.AGENT, subject_id=agent.pk, reason=SyncCursor.Stopped.SHUT_OUT)
        elif instruction.wish == Wish.RESTORE:
            agent.token_status, agent.identity_at = "", None  # read again with the first reading
            if _is_read(agent):
                cursor_open(stream=Stream.AGENT, subject_id=agent.pk, label=agent.display_name)
        agent.save(update_fields=["claim_state", "grants", "token_status", "identity_at"])
        return True


def _refused(instruction: Instruction, problem: str) -> bool:
    """Write down that Image Skill will not do it, also in the log of the workspace that wished it."""
    with transaction.atomic():
        if not _settle(instruction, state=Instruction.State.REFUSED, problem=problem, ended_at=timezone.now()):
            return False
        agent = instruction.agent
        held_last = Claim.objects.filter(agent=agent).order_by("-pk").first()
        audit_record(
            action="agent.instructed",
            actor=instruction.asked_by,
            workspace_id=held_last.workspace_id if held_last else None,
            subject=("agent", agent.remote_id, agent.display_name),
            after={"wish": instruction.get_wish_display()},
            refused=problem,
        )
        return True


def _is_read(agent: Agent) -> bool:
    """Tell whether there is a token to read the agent with."""
    return Claim.objects.filter(agent=agent, released_at=None, token_refused_at=None).exclude(token_sealed="").exists()


def _settle(instruction: Instruction, **changes: object) -> bool:
    """End the call: False where another wish came meanwhile, which waits for its own call."""
    mine = Instruction.objects.filter(pk=instruction.pk)
    if mine.filter(ticket=instruction.ticket).update(busy_until=None, **changes):
        return True
    mine.update(busy_until=None)
    return False
