"""Replacing an exposed token: a sign-up with a known contact hands out a new one and ends the old (contract 2.2).

It is one call that must never be repeated blindly, so a row is written before it. Only an address that the sponsor has
confirmed is ever sent, and the answer is believed only if it names the same agent and organization.
"""

import re
from datetime import timedelta

import structlog
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from api_client import Actor, ApiError, AuthRefused, SignUp, Whoami
from dashboard.accounts.models import User
from dashboard.agents.models import Claim, Replacement
from dashboard.agents.trail import claim_audit, claim_facts
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.freshness.services import cursor_open, cursor_stop
from dashboard.lib.sealing import SealBroken
from dashboard.remote import client_for, client_with, token_seal

log = structlog.get_logger(__name__)

CALL_SECONDS = 10.0
# Whoever was asking is gone by then; whether the call went out is not known.
LOST_AFTER = timedelta(minutes=2)
_REDACTED = re.compile(r"(?P<first>[^*@\s])\*+@(?P<host>\S+)")


class ReplacementRefused(Exception):
    """Nothing was asked for; the sentence is for the sponsor."""


def addresses_of(user: User) -> list[str]:
    """Return the person's confirmed addresses, the first one first."""
    own = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary", "pk")
    return list(own.values_list("email", flat=True))


def token_replace(*, claim: Claim, user: User, address: str) -> Replacement:
    """Sign the agent up again with a contact that the sponsor has confirmed, and say what came of it.

    Raises ReplacementRefused, and then nothing was sent that could change anything.
    """
    if address.lower() not in [own.lower() for own in addresses_of(user)]:
        raise ReplacementRefused("Choose one of your own confirmed addresses.")
    _contact_check(claim, address)
    replacement = _begin(claim, user)
    try:
        signed = _sign_up_again(claim, address)
    except ApiError as error:
        log.warning("token_replacement_failed", claim_id=claim.pk, code=error.code, trace_id=error.trace_id)
        outcome = Replacement.State.UNCLEAR if error.may_have_started else Replacement.State.REFUSED
        return _end(replacement, outcome, signed=None)
    return _end(replacement, _outcome(claim, signed), signed=signed)


def replacements_expire() -> int:
    """Call those unclear whose asker is gone; return how many."""
    lost = Replacement.objects.filter(
        state=Replacement.State.CALLING, started_at__lte=timezone.now() - LOST_AFTER
    ).select_related("claim")
    return len([_end(one, Replacement.State.UNCLEAR, signed=None) for one in lost])


def replacement_latest(claim: Claim) -> Replacement | None:
    return Replacement.objects.filter(claim=claim).order_by("-pk").first()


def _contact_check(claim: Claim, address: str) -> None:
    """Refuse an address that Image Skill visibly does not have for this agent: it would replace another one's token."""
    try:
        with client_for(claim, deadline_seconds=CALL_SECONDS) as client:
            whoami: Whoami | None = client.identity.whoami()
    except (AuthRefused, SealBroken):
        whoami = None  # a token that is dead already cannot tell; the answer's ids must
    except ApiError:
        raise ReplacementRefused(
            f"{settings.PRODUCT_NAME} does not answer. Nothing was changed; try again in a minute."
        ) from None
    if whoami is None:
        return
    if not whoami.agent_contact:
        raise ReplacementRefused(
            f"{settings.PRODUCT_NAME} knows no contact for this agent. Its token cannot be replaced from here."
        )
    if not _fits(whoami.agent_contact, address):
        raise ReplacementRefused(f"{settings.PRODUCT_NAME} knows this agent by another contact. Nothing was changed.")


def _fits(redacted: str, address: str) -> bool:
    """Tell whether an address may be the one that is shown redacted, as far as that shows anything."""
    shown, own = _REDACTED.fullmatch(redacted.strip().lower()), address.strip().lower()
    if shown is None:
        return True
    return own.startswith(shown["first"]) and own.endswith(f"@{shown['host']}")


def _begin(claim: Claim, user: User) -> Replacement:
    try:
        with transaction.atomic():
            return Replacement.objects.create(claim=claim, started_by=user, started_at=timezone.now())
    except IntegrityError:
        raise ReplacementRefused("The token is being replaced already. Look again in a minute.") from None


def _sign_up_again(claim: Claim, address: str) -> SignUp:
    agent = claim.agent
    with client_with(None, deadline_seconds=CALL_SECONDS) as client:
        return client.identity.sign_up(
            agent_name=agent.name or agent.remote_id, runtime=agent.runtime or "unknown", agent_contact=address
        )


def _outcome(claim: Claim, signed: SignUp) -> Replacement.State:
    actor = signed.actor or _actor_of(signed)
    if actor is None or signed.token is None:
        return Replacement.State.UNCLEAR
    is_same = (actor.actor_id, actor.organization_id) == (claim.agent.remote_id, claim.agent.organization_id)
    return Replacement.State.DONE if is_same else Replacement.State.OTHER


def _actor_of(signed: SignUp) -> Actor | None:
    """Ask whose token it is where the sign-up did not say; None where that cannot be told either."""
    if signed.token is None:
        return None
    try:
        with client_with(signed.token, deadline_seconds=CALL_SECONDS) as client:
            return client.identity.whoami().actor
    except ApiError:
        return None


def _end(replacement: Replacement, outcome: Replacement.State, *, signed: SignUp | None) -> Replacement:
    """Write down what came of it, once; only the same agent's token is kept, sealed, and no other."""
    with transaction.atomic():
        claim = Claim.objects.select_for_update().get(pk=replacement.claim_id)
        calling = Replacement.objects.filter(pk=replacement.pk, state=Replacement.State.CALLING)
        if calling.update(state=outcome, ended_at=timezone.now()) and not claim.released_at:
            before = claim_facts(claim)
            if outcome == Replacement.State.DONE and signed and signed.token:
                _token_keep(claim, token_seal(signed.token, identity=claim.seal_identity))
            elif outcome == Replacement.State.UNCLEAR:
                _relink_ask(claim)
            _audit(claim, replacement, outcome, before)
    replacement.refresh_from_db()
    return replacement


def _token_keep(claim: Claim, sealed: str) -> None:
    claim.token_sealed, claim.token_since, claim.token_refused_at = sealed, timezone.now(), None
    claim.save(update_fields=["token_sealed", "token_since", "token_refused_at"])
    cursor_open(stream=Stream.AGENT, subject_id=claim.agent_id, label=claim.agent.display_name)


def _relink_ask(claim: Claim) -> None:
    """The old token may be dead and the new one was never read: only the agent itself can bring a working one."""
    claim.token_refused_at = claim.token_refused_at or timezone.now()
    claim.save(update_fields=["token_refused_at"])
    cursor_stop(stream=Stream.AGENT, subject_id=claim.agent_id, reason=SyncCursor.Stopped.TOKEN_REFUSED)


def _audit(claim: Claim, replacement: Replacement, outcome: Replacement.State, before: dict[str, object]) -> None:
    why = {
        Replacement.State.OTHER: "another agent answered; nothing was linked",
        Replacement.State.REFUSED: f"{settings.PRODUCT_NAME} refused; nothing was replaced",
        Replacement.State.UNCLEAR: "the answer was lost; the old token may be dead",
    }
    claim_audit("agent.token_replaced", claim, replacement.started_by, before=before, refused=why.get(outcome, ""))
