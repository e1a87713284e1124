"""The agent-first claim: an agent asks a person, by mail, to link it.

Whatever is unasked is bounded: visitors and tokens are counted before a token is looked at (`dashboard.api.throttles`),
few tokens are checked at once, and a mailbox and an agent have limits of their own. The mail carries no word of the
agent's. Nothing here looks whether the contact has an account, so no answer can tell.
"""

import secrets
import threading
from dataclasses import asdict
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from api_client import Whoami
from dashboard.accounts.addresses import mailbox_of
from dashboard.accounts.models import User
from dashboard.accounts.selectors import owner_list
from dashboard.agents.ceremony import Presented, attempts_end
from dashboard.agents.inquiry import ClaimRefusal, Facts, asking, facts_read, identify, token_require
from dashboard.agents.models import Claim, ClaimAttempt, ClaimMailbox
from dashboard.agents.secrets import keyed_hash, phrase_for
from dashboard.agents.services import claim_release
from dashboard.agents.trail import THE_AGENT
from dashboard.audit.services import audit_record
from dashboard.notify.services import mail_queue
from dashboard.remote import token_seal

REQUEST_HOURS = 72
MAX_HOURLY_OF_MAILBOX = 3
MAX_DAILY_OF_MAILBOX = 6
MAX_DAILY_OF_AGENT = 6
WHOEVER_HAS_THE_MAIL = "whoever has the mail"
# Few, and not the sponsors' own: a flood of unasked tokens must not keep an agent with a code waiting.
_checks = threading.BoundedSemaphore(2)

State = ClaimAttempt.State


def request_make(*, token: str, contact: str) -> Presented:
    """Ask `contact` to link the agent whose token this is; good for REQUEST_HOURS. Raises ClaimRefusal.

    Asked again while it waits, the same phrase is told and no further mail goes out. Another contact supersedes.
    """
    token_require(token)
    waiting = _of_token(token).filter(state=State.PRESENTED, contact=contact, expires_at__gt=timezone.now()).first()
    if waiting:
        return _pending(waiting, token)
    with asking(token, slots=_checks) as client:
        whoami = identify(client)
        facts = facts_read(client, whoami)
    try:
        with transaction.atomic():
            attempt = _request_open(token, contact, whoami, facts)
    except ClaimRefusal as refusal:
        _audit("claim.asked", whoami.actor.actor_id, THE_AGENT, refused=refusal.sentence)
        raise
    except IntegrityError:
        # Two requests of one agent at once: one of them is open.
        raise ClaimRefusal("too_many", "This agent is asking already; try again in a few seconds.", 429) from None
    return _pending(attempt, token)


def request_state(*, token: str) -> Presented:
    """Tell an agent how its latest request stands; raises ClaimRefusal. The hosted API is not asked."""
    token_require(token)
    latest = _of_token(token).order_by("-pk").first()
    if latest is None or _was_released(latest):
        raise ClaimRefusal("not_asked", "This token has asked nobody here to link its agent.", 404)
    if latest.state == State.PRESENTED and latest.expires_at > timezone.now():
        return _pending(latest, token)
    if latest.state in {State.CONFIRMED, State.REFUSED}:
        return Presented(latest.state)
    state = State.SUPERSEDED if latest.state == State.SUPERSEDED else State.EXPIRED
    raise ClaimRefusal(state, f"This request is {state.value}; ask again.", 410)


def request_of_link(secret_hash: str) -> ClaimAttempt | None:
    """Return the request that a mailed link is for, whatever became of it; the link is known by its keyed hash."""
    return ClaimAttempt.objects.filter(way=ClaimAttempt.Way.AGENT, code_hash=secret_hash).first()


def request_block(*, attempt: ClaimAttempt, user: User | None) -> None:
    """Refuse a request, and let this agent never ask the same mailbox again. `user` None: whoever has the mail."""
    with transaction.atomic():
        mailbox = ClaimMailbox.objects.select_for_update().get(attempts=attempt)
        if attempt.remote_id not in mailbox.blocked:
            mailbox.blocked.append(attempt.remote_id)
            mailbox.save(update_fields=["blocked"])
            _audit("claim.blocked", attempt.remote_id, user or WHOEVER_HAS_THE_MAIL)
        attempts_end(ClaimAttempt.objects.filter(pk=attempt.pk), state=State.REFUSED)


def request_report(*, attempt: ClaimAttempt, user: User) -> None:
    """Refuse a request, tell the operators by the audit log, and block the agent for this mailbox."""
    with transaction.atomic():
        request_block(attempt=attempt, user=user)
        audit_record(
            action="claim.reported",
            actor=user,
            workspace_id=attempt.workspace_id,
            subject=("agent", attempt.remote_id, attempt.agent_name or attempt.remote_id),
            refused="refused and reported by the sponsor",
        )


def release_by_agent(*, token: str) -> None:
    """Release the link of the agent whose token this is, and tell the owners; raises ClaimRefusal."""
    token_require(token)
    with asking(token, slots=_checks) as client:
        actor = identify(client).actor
    with transaction.atomic():
        held = (
            Claim.objects.filter(released_at=None).select_for_update(of=("self",)).select_related("agent", "workspace")
        )
        claim = held.filter(agent__remote_id=actor.actor_id, agent__organization_id=actor.organization_id).first()
        if claim is None:
            raise ClaimRefusal("not_linked", "This agent is not linked here.", 404)
        claim_release(claim=claim, user=THE_AGENT)
        for owner in owner_list(claim.workspace):
            mail_queue(
                to=owner.email,
                template="agent_released",
                context={"claim": claim, "owner": owner, "dashboard_url": settings.DASHBOARD_URL},
                dedupe_key=f"agent_released:{claim.pk}:{owner.pk}",
            )


def _request_open(token: str, contact: str, whoami: Whoami, facts: Facts) -> ClaimAttempt:
    agent_id, now = whoami.actor.actor_id, timezone.now()
    # The mailbox is the lock: mails that many agents ask for at once are counted one by one.
    mailbox, _ = ClaimMailbox.objects.select_for_update().get_or_create(address=mailbox_of(contact))
    _answered_before(mailbox, agent_id)
    _limits_hold(mailbox, agent_id, now)
    attempts_end(_requests().filter(remote_id=agent_id), state=State.SUPERSEDED)
    secret = secrets.token_urlsafe(24)
    attempt = ClaimAttempt(
        way=ClaimAttempt.Way.AGENT,
        state=State.PRESENTED,
        contact=contact,
        mailbox=mailbox,
        code_hash=keyed_hash(secret),
        presented_at=now,
        expires_at=now + timedelta(hours=REQUEST_HOURS),
        token_hash=keyed_hash(token),
        remote_id=agent_id,
        organization_id=whoami.actor.organization_id,
        agent_name=facts.agent_name,
        facts=asdict(facts),
    )
    attempt.token_sealed = token_seal(token, identity=attempt.seal_identity)
    attempt.phrase_hash = keyed_hash(phrase_for(attempt_key=str(attempt.key), token=token))
    attempt.save(force_insert=True)
    _mail(attempt, secret)
    _audit("claim.asked", agent_id, THE_AGENT)
    return attempt


def _answered_before(mailbox: ClaimMailbox, agent_id: str) -> None:
    """Raise ClaimRefusal where there is nothing to ask; a blocked agent hears what a refused one hears."""
    latest = _requests().filter(mailbox=mailbox, remote_id=agent_id).order_by("-pk").first()
    if agent_id in mailbox.blocked or (latest and latest.state == State.REFUSED):
        raise ClaimRefusal("refused", sentence_for(State.REFUSED), 200)
    if Claim.objects.filter(agent__remote_id=agent_id, released_at=None, token_refused_at=None).exists():
        raise ClaimRefusal("already_claimed", "This agent is claimed already.", 409)


def _limits_hold(mailbox: ClaimMailbox, agent_id: str, now: datetime) -> None:
    hour, day = (_requests().filter(created_at__gt=now - timedelta(hours=hours)) for hours in (1, 24))
    if (
        hour.filter(mailbox=mailbox).count() >= MAX_HOURLY_OF_MAILBOX
        or day.filter(mailbox=mailbox).count() >= MAX_DAILY_OF_MAILBOX
        or day.filter(remote_id=agent_id).count() >= MAX_DAILY_OF_AGENT
    ):
        raise ClaimRefusal("too_many", "Too many requests in a short time; try again later.", 429)


def sentence_for(state: str) -> str:
    """Return what an agent is told of a state that a person brought about."""
    return f"Your sponsor has {state} the claim."


def _requests() -> QuerySet[ClaimAttempt]:
    return ClaimAttempt.objects.filter(way=ClaimAttempt.Way.AGENT)


def _of_token(token: str) -> QuerySet[ClaimAttempt]:
    return _requests().filter(token_hash=keyed_hash(token))


def _pending(attempt: ClaimAttempt, token: str) -> Presented:
    return Presented("pending", phrase_for(attempt_key=str(attempt.key), token=token))


def _was_released(attempt: ClaimAttempt) -> bool:
    held = Claim.objects.filter(agent__remote_id=attempt.remote_id, workspace=attempt.workspace, released_at=None)
    return attempt.state == State.CONFIRMED and not held.exists()


def _mail(attempt: ClaimAttempt, secret: str) -> None:
    mail_queue(
        to=attempt.contact,
        template="claim_request",
        context={
            "remote_id": attempt.remote_id,
            "asked_at": attempt.presented_at,
            "hours": REQUEST_HOURS,
            "url": settings.DASHBOARD_URL + reverse("agents:claim_link_open", args=[secret]),
        },
        dedupe_key=f"claim_request:{attempt.key}",
        is_secret=True,
    )


def _audit(action: str, remote_id: str, actor: User | str, *, refused: str = "") -> None:
    # Neither the address nor a word of the agent's: nobody has consented to either yet.
    audit_record(action=action, actor=actor, subject=("agent", remote_id, remote_id), refused=refused)
