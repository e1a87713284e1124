"""The sponsor-first claim: a sponsor makes a one-time code, the agent presents it with its own token, the sponsor
types the phrase that the agent printed.

Two secrets are needed, the code and the token; the phrase ties the person at the screen to the agent that answered.
The code is checked before the token, and a code pays for a few token checks at most, so that this is neither an
oracle for tokens nor a relay to the hosted API.
"""

import re
import threading
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from api_client import ApiError, AuthRefused, Client, Whoami
from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Claim, ClaimAttempt
from dashboard.agents.secrets import code_make, hash_matches, keyed_hash, phrase_for
from dashboard.audit.services import audit_record
from dashboard.lib.converters import RemoteId
from dashboard.lib.dates import showable
from dashboard.remote import client_with, token_seal

CODE_MINUTES = 10
CONSENT_MINUTES = 10
# A person claims a handful of agents; each code pays for a few checks of tokens, and they must not be endless.
CODES_AN_HOUR = 30
MAX_TOKEN_CHECKS = 5
ATTEMPTS_KEPT = timedelta(days=30)
# What a header can carry, and as much of it as any token is long.
_TOKEN = re.compile(r"[!-~]{1,512}")
WHOAMI_SECONDS = 3.0
# Few at once: a flood of presented tokens must not tie up the web process or knock at the hosted API.
_checks = threading.BoundedSemaphore(4)


class TooManyCodes(Exception):
    """The person has made as many codes within the hour as anybody needs."""


class ClaimRefusal(Exception):
    """Why an agent's answer was not taken: a `state` for the agent, a sentence, and an HTTP status."""

    def __init__(self, state: str, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.state, self.sentence, self.status = state, sentence, status


@dataclass(frozen=True)
class Presented:
    """What an agent is answered: the state of the claim and, while it is pending, the phrase to print."""

    state: str
    phrase: str | None = None


@dataclass(frozen=True)
class Facts:
    """What the sponsor sees before consenting; None means that the service did not tell."""

    agent_name: str = ""
    runtime: str = ""
    claim_state: str = ""
    registered_at: str | None = None
    free_credits: int | None = None
    paid_credits: int | None = None
    credits_spent: int | None = None
    events_seen: int = 0


def attempt_start(*, workspace: Workspace, user: User) -> tuple[ClaimAttempt, str]:
    """Make a claim code, good for ten minutes and one agent; the person's older open code is superseded.

    The code is returned once and kept only as a keyed hash. Raises TooManyCodes.
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
            code_hash=keyed_hash(code),
            expires_at=now + timedelta(minutes=CODE_MINUTES),
        )
        _audit(attempt, "claim.code_made", user)
    return attempt, code


def attempt_present(*, code: str, token: str) -> Presented:
    """Take an agent's answer to a code; raises ClaimRefusal.

    Asking again with the same code and token tells how the claim stands, with the same phrase.
    """
    attempt = ClaimAttempt.objects.filter(code_hash=keyed_hash(code)).first()
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
    overdue = ClaimAttempt.objects.filter(expires_at__lte=timezone.now())
    return attempts_end(overdue, state=ClaimAttempt.State.EXPIRED)


def attempts_prune() -> int:
    """Forget the attempts that ended a month ago; the audit log keeps what happened. Return how many."""
    return ClaimAttempt.objects.filter(ended_at__lte=timezone.now() - ATTEMPTS_KEPT).delete()[0]


def attempts_end(attempts: QuerySet[ClaimAttempt], *, state: ClaimAttempt.State) -> int:
    """End whichever of these attempts are open; a held token is deleted with the same statement."""
    return attempts.filter(state__in=ClaimAttempt.OPEN).update(state=state, token_sealed="", ended_at=timezone.now())


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
    if not _TOKEN.fullmatch(token):
        raise ClaimRefusal("wrong_token", "The Authorization header holds no agent token.", 401)
    if not _checks.acquire(blocking=False):
        raise ClaimRefusal("too_many", "Too many claims at this moment; try again in a few seconds.", 429)
    try:
        _token_check_spend(attempt)
        with client_with(token, deadline_seconds=WHOAMI_SECONDS) as client:
            whoami = client.identity.whoami()
            if not re.fullmatch(RemoteId.regex, whoami.actor.actor_id):
                # No page could name this agent, nor unclaim it.
                raise ClaimRefusal("pending", "Image Skill names this agent in a way we do not understand.", 503)
            return facts_read(client, whoami), whoami
    except AuthRefused:
        _audit(attempt, "claim.refused", None, refused="Image Skill does not accept the token")
        raise ClaimRefusal("wrong_token", "Image Skill does not accept this token.", 401) from None
    except ApiError:
        raise ClaimRefusal("pending", "Image Skill does not answer; try again in a minute.", 503) from None
    finally:
        _checks.release()


def facts_read(client: Client, whoami: Whoami) -> Facts:
    """Return what the consent page shows; what cannot be read now stays unknown, for the claim does not need it."""
    known = Facts(
        agent_name=(whoami.agent_name or "")[:200],
        runtime=(whoami.runtime or "")[:100],
        claim_state=(whoami.claim_state or "")[:64],
        registered_at=_iso(whoami.agent_created_at or whoami.token_created_at),
    )
    try:
        quota = client.quota.get()
        deltas = [getattr(event, "credits_delta", None) for event in client.activity.list(limit=200).events]
    except ApiError:
        return known
    return replace(
        known,
        free_credits=quota.remaining_credits,
        paid_credits=quota.payment_backed_remaining_credits,
        credits_spent=-sum(delta for delta in deltas if delta and delta < 0),
        events_seen=len(deltas),
    )


def _iso(moment: datetime | None) -> str | None:
    return showable(moment).isoformat() if moment else None


def _attempt_presented(attempt: ClaimAttempt, token: str, whoami: Whoami, facts: Facts) -> Presented:
    agent_id, organization_id = whoami.actor.actor_id, whoami.actor.organization_id
    held_elsewhere = Claim.objects.filter(agent__remote_id=agent_id, released_at=None).exclude(
        workspace_id=attempt.workspace_id
    )
    if held_elsewhere.exists():
        attempt.remote_id, attempt.agent_name = agent_id, facts.agent_name
        _audit(attempt, "claim.refused", None, refused="is claimed already")
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
            _audit(attempt, "claim.presented", None)
    if not taken:
        attempt.refresh_from_db()
        return _state_for(attempt, token)
    return Presented("pending", phrase)


def _audit(attempt: ClaimAttempt, action: str, actor: User | None, *, refused: str = "") -> None:
    audit_record(
        action=action,
        actor=actor,
        workspace_id=attempt.workspace_id,
        subject=("claim_attempt", str(attempt.key), attempt.agent_name or attempt.remote_id or "claim code"),
        after={"agent": attempt.remote_id} if attempt.remote_id else {},
        refused=refused,
    )
