"""What a sponsor decides about an agent: consent to a claim, refuse it, unclaim."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.agents.ceremony import attempts_end
from dashboard.agents.instructions import instruct, instruct_limits, instruct_undo
from dashboard.agents.models import Agent, Claim, ClaimAttempt, Guardrail, Instruction
from dashboard.agents.secrets import hash_matches, phrase_normal
from dashboard.agents.selectors import renewal_fault
from dashboard.agents.trail import claim_audit, claim_facts
from dashboard.audit.services import audit_record
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.freshness.services import cursor_open, cursor_stop
from dashboard.remote import token_move

MAX_WRONG_PHRASES = 3


class ConsentRefused(Exception):
    """Consent could not be taken; the sentence is for the sponsor. `is_over` when the ceremony has ended."""

    def __init__(self, sentence: str, *, is_over: bool = True) -> None:
        super().__init__(sentence)
        self.is_over = is_over


def claim_confirm(
    *,
    attempt: ClaimAttempt,
    user: User,
    warn_credits_per_day: int | None = None,
    phrase: str = "",
    is_renewal_expected: bool = False,
) -> Claim:
    """Attach the agent that was presented to the attempt's workspace; raises ConsentRefused.

    Three wrong phrases kill the attempt. An agent that this workspace holds already gets its token renewed, and keeps
    its guardrails; if the old token was refused, on `is_renewal_expected` alone.
    """
    with transaction.atomic():
        # The attempt is locked before the phrase is looked at: guesses that come at once are counted one by one.
        locked = ClaimAttempt.objects.select_for_update().get(pk=attempt.pk)
        if locked.state != ClaimAttempt.State.PRESENTED or locked.expires_at <= timezone.now():
            raise ConsentRefused("This claim is over. Make a new code and let the agent answer again.")
        # An agent's own request has no workspace until the sponsor consents in one.
        locked.workspace = attempt.workspace
        if not locked.asks_phrase or hash_matches(phrase_normal(phrase), locked.phrase_hash):
            taken = _claim_open(locked, user, warn_credits_per_day, is_renewal_expected=is_renewal_expected)
            if isinstance(taken, Claim):
                _attempt_confirm(locked, taken)
                return taken
            refusal = ConsentRefused(f"This agent {taken}. Nothing was linked.")
            _audit_attempt(locked, user, refused=taken)
        else:
            refusal = _phrase_refused(locked, user)
    # Raised outside: the audit entry and the count are committed.
    raise refusal


def _attempt_confirm(attempt: ClaimAttempt, claim: Claim) -> None:
    attempts = ClaimAttempt.objects.filter(pk=attempt.pk)
    attempts_end(attempts, state=ClaimAttempt.State.CONFIRMED)
    attempts.update(workspace_id=claim.workspace_id)
    cursor_open(stream=Stream.AGENT, subject_id=claim.agent_id, label=claim.agent.display_name)


def claim_refuse(*, attempt: ClaimAttempt, user: User) -> None:
    """End a ceremony without a claim; the held token is deleted."""
    with transaction.atomic():
        if attempts_end(ClaimAttempt.objects.filter(pk=attempt.pk), state=ClaimAttempt.State.REFUSED):
            _audit_attempt(attempt, user, refused="refused by the sponsor")


def claim_release(*, claim: Claim, user: User | str) -> None:
    """Unclaim: forget our copy of the token and stop reading. The agent keeps working and spending.

    `user` is who unclaims: a person, or the agent in words.
    """
    with transaction.atomic():
        released = Claim.objects.filter(pk=claim.pk, released_at=None).update(
            released_at=timezone.now(), token_sealed="", token_refused_at=None
        )
        if released:
            before = claim_facts(claim)
            claim.refresh_from_db()
            cursor_stop(stream=Stream.AGENT, subject_id=claim.agent_id, reason=SyncCursor.Stopped.RELEASED)
            person = user if isinstance(user, User) else None
            instruct_undo(agent=claim.agent, wish=Instruction.Wish.CLAIM, user=person)
            # Our limits go with the hold: nobody here could lift them any more.
            instruct_limits(agent=claim.agent, limits={}, user=person)
            claim_audit("agent.released", claim, user, before=before)


def token_refused(*, claim: Claim, at: datetime) -> bool:
    """Mark a claim whose token the service refuses; True the first time."""
    with transaction.atomic():
        marked = Claim.objects.filter(pk=claim.pk, token_refused_at=None, released_at=None).update(token_refused_at=at)
        if marked:
            before = claim_facts(claim)
            claim.token_refused_at = at
            claim_audit("agent.token_refused", claim, None, before=before)
    return bool(marked)


def _phrase_refused(attempt: ClaimAttempt, user: User) -> ConsentRefused:
    """Count a wrong phrase against a locked attempt; returned, not raised, for the count must be committed."""
    attempt.wrong_phrases += 1
    attempt.save(update_fields=["wrong_phrases"])
    left = MAX_WRONG_PHRASES - attempt.wrong_phrases
    _audit_attempt(attempt, user, refused="wrong phrase" if left else "wrong phrase, attempt ended")
    if not left:
        attempts_end(ClaimAttempt.objects.filter(pk=attempt.pk), state=ClaimAttempt.State.REFUSED)
        return ConsentRefused("Three wrong phrases: this claim is over. Make a new code if the agent is yours.")
    tries = "one more try" if left == 1 else f"{left} more tries"
    return ConsentRefused(f"That is not the phrase your agent printed. You have {tries}.", is_over=False)


def _claim_open(
    attempt: ClaimAttempt, user: User, warn_credits_per_day: int | None, *, is_renewal_expected: bool
) -> Claim | str:
    """Return the open claim, new or renewed, or why there is none."""
    if fault := renewal_fault(attempt):
        return fault
    agent, _ = Agent.objects.get_or_create(
        remote_id=attempt.remote_id,
        defaults={"organization_id": attempt.organization_id, "name": attempt.agent_name},
    )
    # The agent's row is the lock: two ceremonies for one agent end with one claim. Its key stays free, for a stop that
    # holds the claim writes an instruction that names the agent.
    agent = Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
    if agent.organization_id != attempt.organization_id:
        return "now answers for another organization"
    # Locked too: an unclaim that is under way is waited for, and not overwritten with what was read before it.
    claim = Claim.objects.select_for_update().filter(agent=agent, released_at=None).first()
    if claim and claim.workspace_id != attempt.workspace_id:
        return "is claimed already"
    if claim and _is_older(attempt, claim):
        return "has brought a newer token since"
    if claim and claim.needs_relink and not is_renewal_expected:
        return "has a link whose token was refused, and renewing it needs your explicit yes"
    action = "agent.relinked" if claim else "agent.claimed"
    before = claim_facts(claim)
    claim = claim or Claim(agent=agent, workspace=attempt.workspace, claimed_by=user, claimed_at=timezone.now())
    claim.token_sealed = token_move(attempt, identity=claim.seal_identity)
    claim.token_since, claim.token_refused_at = attempt.presented_at, None
    claim.save()
    if warn_credits_per_day is not None and action == "agent.claimed":
        told = {"limit": warn_credits_per_day, "set_by": user, "set_at": claim.claimed_at}
        claim.guardrails.create(kind=Guardrail.Kind.CREDITS_DAY, is_hard=False, **told)
    instruct(agent=agent, wish=Instruction.Wish.CLAIM, user=user)
    claim_audit(action, claim, user, before=before)
    return claim


def _is_older(attempt: ClaimAttempt, claim: Claim) -> bool:
    """Tell whether the token came before the one that is held: a sign-up in between has ended it."""
    return bool(attempt.presented_at and claim.token_since and attempt.presented_at < claim.token_since)


def _audit_attempt(attempt: ClaimAttempt, user: User, *, refused: str) -> None:
    audit_record(
        action="claim.refused",
        actor=user,
        workspace_id=attempt.workspace_id,
        subject=("agent", attempt.remote_id, attempt.agent_name or attempt.remote_id),
        refused=refused,
    )
