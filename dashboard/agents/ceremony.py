"""The sponsor-first claim: a sponsor makes a one-time code, the agent presents it with its own token, the sponsor
types the phrase that the agent printed.

Two secrets are needed, the code and the token; the phrase ties the person at the screen to the agent that answered.
The code is checked before the token, and a code pays for a few token checks at most, so that this is neither an
oracle for tokens nor a relay to the hosted API.
"""

import threading
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from api_client import Whoami
from dashboard.accounts.models import User, Workspace
from dashboard.agents.inquiry import ClaimRefusal, Facts, asking, facts_read, identify, token_require
from dashboard.agents.models import Claim, ClaimAttempt, ClaimMailbox
from dashboard.agents.secrets import code_make, hash_matches, keyed_hash, phrase_for
from dashboard.agents.trail import THE_AGENT
from dashboard.audit.services import audit_record
from dashboard.remote import token_seal

CODE_MINUTES = 10
CONSENT_MINUTES = 10
# A studio links its fifty agents in an hour; each code pays for a few checks of tokens, and they must not be endless.
CODES_AN_HOUR = 60
MAX_TOKEN_CHECKS = 5
ATTEMPTS_KEPT = timedelta(days=30)
EXPIRED_AT_ONCE = 500
_BEGUN = {ClaimAttempt.Way.SPONSOR: "claim.code_made", ClaimAttempt.Way.HAND: "claim.token_pasted"}
# Few at once: a flood of presented tokens must not tie up the web process or knock at the hosted API.
_checks = threading.BoundedSemaphore(4)


class TooManyCodes(Exception):
    """The person has made as many codes within the hour as anybody needs."""


@dataclass(frozen=True)
class Presented:
    """What an agent is answered: the state of the claim and, while it is pending, the phrase to print."""

    state: str
    phrase: str | None = None


def attempt_start(
    *,
    workspace: Workspace,
    user: User,
    renews: Claim | None = None,
    way: ClaimAttempt.Way = ClaimAttempt.Way.SPONSOR,
) -> tuple[ClaimAttempt, str]:
    """Make a claim code, good for ten minutes and one agent; the person's older open code is superseded.

    `renews` is the broken link that it is for. The code is returned once and kept only as a keyed hash. Raises
    TooManyCodes.
    """
    code, now = code_make(), timezone.now()
    with transaction.atomic():
        # The person's row is the lock: two tabs at once end with one open attempt, not with an error.
        User.objects.select_for_update().get(pk=user.pk)
        recent = ClaimAttempt.objects.filter(started_by=user, created_at__gt=now - timedelta(hours=1))
        if recent.count() >= CODES_AN_HOUR:
            raise TooManyCodes
        attempts_end(
            ClaimAttempt.objects.filter(workspace=workspace, started_by=user),
            state=ClaimAttempt.State.SUPERSEDED,
        )
        attempt = ClaimAttempt.objects.create(
            workspace=workspace,
            started_by=user,
            way=way,
            renews=renews,
            code_hash=keyed_hash(code),
            expires_at=now + timedelta(minutes=CODE_MINUTES),
        )
        _audit(attempt, _BEGUN[way], user)
    return attempt, code


def attempt_by_hand(*, workspace: Workspace, user: User, token: str, renews: Claim | None = None) -> ClaimAttempt:
    """Let a sponsor who holds the token present it: the same ceremony, its code known to nobody.

    So a person's limit on codes is the limit on pasted tokens. Raises TooManyCodes and ClaimRefusal.
    """
    attempt, code = attempt_start(workspace=workspace, user=user, renews=renews, way=ClaimAttempt.Way.HAND)
    try:
        attempt_present(code=code, token=token)
    except ClaimRefusal:
        attempts_end(ClaimAttempt.objects.filter(pk=attempt.pk), state=ClaimAttempt.State.REFUSED)
        raise
    return attempt


def attempt_present(*, code: str, token: str) -> Presented:
    """Take an agent's answer to a code; raises ClaimRefusal.

    Asking again with the same code and token tells how the claim stands, with the same phrase.
    """
    begun_here = ClaimAttempt.objects.exclude(way=ClaimAttempt.Way.AGENT)
    attempt = begun_here.filter(code_hash=keyed_hash(code)).first()
    if attempt is None:
        raise ClaimRefusal("wrong_code", "This claim code is not known here.", 401)
    if attempt.state != ClaimAttempt.State.WAITING:
        return _state_for(attempt, token)
    if attempt.expires_at <= timezone.now():
        raise _gone("expired")
    facts, whoami = _ask_hosted_api(attempt, token)
    return _attempt_presented(attempt, token, whoami, facts)


def attempts_expire() -> int:
    """End the open attempts whose time is over and delete the tokens they held; return how many."""
    overdue = ClaimAttempt.objects.filter(state__in=ClaimAttempt.OPEN, expires_at__lte=timezone.now())
    return sum(_attempt_expire(attempt) for attempt in overdue.order_by("pk")[:EXPIRED_AT_ONCE])


def attempts_prune() -> int:
    """Forget the attempts that ended a month ago; the audit log keeps what happened. Return how many.

    A mailbox goes with its last attempt, unless it blocks an agent.
    """
    pruned: int = ClaimAttempt.objects.filter(ended_at__lte=timezone.now() - ATTEMPTS_KEPT).delete()[0]
    ClaimMailbox.objects.filter(attempts=None, blocked=[]).delete()
    return pruned


def attempts_end(attempts: QuerySet[ClaimAttempt], *, state: ClaimAttempt.State) -> int:
    """End whichever of these attempts are open; a held token is deleted with the same statement."""
    return attempts.filter(state__in=ClaimAttempt.OPEN).update(state=state, token_sealed="", ended_at=timezone.now())


def _attempt_expire(attempt: ClaimAttempt) -> int:
    with transaction.atomic():
        # Its moment again: an answer that came meanwhile gave it more time.
        overdue = ClaimAttempt.objects.filter(pk=attempt.pk, expires_at__lte=timezone.now())
        ended = attempts_end(overdue, state=ClaimAttempt.State.EXPIRED)
        if ended:
            _audit(attempt, "claim.expired", None)
    return ended


def _state_for(attempt: ClaimAttempt, token: str) -> Presented:
    if attempt.state == ClaimAttempt.State.SUPERSEDED:
        raise _gone("superseded")
    if attempt.token_hash and not hash_matches(token, attempt.token_hash):
        raise ClaimRefusal("wrong_code", "This claim code was used already.", 401)
    if attempt.state == ClaimAttempt.State.EXPIRED or (
        attempt.state == ClaimAttempt.State.PRESENTED and attempt.expires_at <= timezone.now()
    ):
        raise _gone("expired")
    if attempt.state == ClaimAttempt.State.PRESENTED:
        return Presented("pending", phrase_for(attempt_key=str(attempt.key), token=token))
    return Presented(attempt.state)


def _gone(state: str) -> ClaimRefusal:
    return ClaimRefusal(state, f"This claim code is {state}; ask your sponsor for a new one.", 410)


def _token_check_spend(attempt: ClaimAttempt) -> None:
    spent = ClaimAttempt.objects.filter(pk=attempt.pk, token_checks__lt=MAX_TOKEN_CHECKS).update(
        token_checks=F("token_checks") + 1
    )
    if not spent:
        raise ClaimRefusal("too_many", "This claim code was tried too often; ask your sponsor for a new one.", 429)


def _ask_hosted_api(attempt: ClaimAttempt, token: str) -> tuple[Facts, Whoami]:
    """Spend one of the code's checks and ask whose token this is; what is not asked costs no check."""
    token_require(token)
    try:
        with asking(token, slots=_checks) as client:
            _token_check_spend(attempt)
            whoami = identify(client)
            return facts_read(client, whoami), whoami
    except ClaimRefusal as refusal:
        if refusal.state == "wrong_token":
            _audit(
                attempt,
                "claim.refused",
                _presenter(attempt),
                refused=f"{settings.PRODUCT_NAME} does not accept the token",
            )
        raise


def _attempt_presented(attempt: ClaimAttempt, token: str, whoami: Whoami, facts: Facts) -> Presented:
    agent_id, organization_id = whoami.actor.actor_id, whoami.actor.organization_id
    held_elsewhere = Claim.objects.filter(agent__remote_id=agent_id, released_at=None).exclude(
        workspace=attempt.workspace
    )
    if held_elsewhere.exists():
        attempt.remote_id, attempt.agent_name = agent_id, facts.agent_name
        _audit(attempt, "claim.refused", _presenter(attempt), refused="is claimed already")
        raise ClaimRefusal("already_claimed", "This agent is claimed already.", 409)
    phrase = phrase_for(attempt_key=str(attempt.key), token=token)
    now = timezone.now()
    with transaction.atomic():
        # Conditional on WAITING: of two agents that present one code at once, one is taken.
        taken = ClaimAttempt.objects.filter(pk=attempt.pk, state=ClaimAttempt.State.WAITING, expires_at__gt=now).update(
            state=ClaimAttempt.State.PRESENTED,
            presented_at=now,
            expires_at=now + timedelta(minutes=CONSENT_MINUTES),
            token_hash=keyed_hash(token),
            token_sealed=token_seal(token, identity=attempt.seal_identity),
            phrase_hash=keyed_hash(phrase),
            remote_id=agent_id,
            organization_id=organization_id,
            agent_name=facts.agent_name,
            facts=asdict(facts),
        )
        if taken:
            attempt.remote_id, attempt.agent_name = agent_id, facts.agent_name
            _audit(attempt, "claim.presented", _presenter(attempt))
    if not taken:
        attempt.refresh_from_db()
        return _state_for(attempt, token)
    return Presented("pending", phrase)


def _presenter(attempt: ClaimAttempt) -> User | str | None:
    """Return who brought the token: the agent itself, or by hand the sponsor."""
    return attempt.started_by if attempt.way == ClaimAttempt.Way.HAND else THE_AGENT


def _audit(attempt: ClaimAttempt, action: str, actor: User | str | None, *, refused: str = "") -> None:
    audit_record(
        action=action,
        actor=actor,
        workspace_id=attempt.workspace_id,
        subject=("claim_attempt", str(attempt.key), attempt.agent_name or attempt.remote_id or "claim code"),
        after={"agent": attempt.remote_id} if attempt.remote_id else {},
        refused=refused,
    )
