"""What a billing admin may safely do about an exception: look again, ask the service, adopt, note, ignore.

Nothing here can take or give money or credits by itself: fetching changes only our mirror, fulfilment grants nothing
twice (the operator extension promises so), a purchase is settled by the one settle function. What was pressed is
written down before the call; the call is made with no transaction open; then the payment is judged anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from api_client import ApiError
from dashboard.accounts.models import User
from dashboard.audit.services import audit_record
from dashboard.billing.access import StripeTrouble, has_stripe, stripe_told
from dashboard.billing.findings import step_write
from dashboard.billing.hosted import payments_apply
from dashboard.billing.looks import payment_look, session_look
from dashboard.billing.models import Chain, Finding, StripeDispute, StripeRefund, Sweep
from dashboard.billing.reading import news_read
from dashboard.billing.stages import chain_rows
from dashboard.billing.sweeps import chains_judge
from dashboard.credits.orders import purchase_advance
from dashboard.credits.selectors import claim_of
from dashboard.lib.sealing import SealBroken
from dashboard.remote import has_operator, operator_client

log = structlog.get_logger(__name__)

Kind, State = Finding.Kind, Finding.State
CALL_SECONDS = 15.0


class ActionFailed(Exception):
    """Nothing could be done now; the sentence is for people."""


@dataclass(frozen=True)
class Action:
    """One safe thing to do: the word of the button, and what it does and does not."""

    name: str
    label: str
    text: str


REFETCH = Action("refetch", "Look again", "Reads Stripe and the ledger again and compares anew. Changes nothing there.")
FULFIL = Action(
    "fulfil",
    f"Ask {settings.PRODUCT_NAME} to fulfil it",
    f"{settings.PRODUCT_NAME} looks at Stripe again and does what is still to do; nothing is granted or taken twice.",
)
SETTLE = Action(
    "settle",
    "Ask for its status",
    f"Asks {settings.PRODUCT_NAME} how the payment stands and settles our record by the answer.",
)
ADOPT = Action(
    "adopt", "Adopt it", "Says that this refund or dispute is known and right. From then on the ledger is held to it."
)
_FULFILLED = (Kind.PAID_NOT_GRANTED, Kind.REVERSAL_NOT_TAKEN, Kind.TAKEN_NOT_REVERSED, Kind.ATTEMPT_STUCK)


def action_for(finding: Finding) -> Action:
    """Return the one safe action that may settle a finding here."""
    chain = finding.chain
    if finding.kind == Kind.REVERSAL_UNKNOWN:
        return ADOPT
    if finding.kind in _FULFILLED and has_operator() and chain and chain.payment_attempt_id:
        return FULFIL
    return SETTLE if finding.kind == Kind.ATTEMPT_STUCK and chain and chain.purchase_id else REFETCH


def is_refund_left(finding: Finding) -> bool:
    """Tell whether a refund is what is left to do: money was taken, and nothing here can have its credits granted."""
    return finding.kind == Kind.PAID_NOT_GRANTED and is_refundable(finding) and action_for(finding) is not FULFIL


def is_refundable(finding: Finding) -> bool:
    """Tell whether a finding is about a payment that can be given back."""
    payment = finding.chain.stripe_payment if finding.chain else None
    return bool(payment and payment.is_refundable)


def finding_act(*, finding: Finding, user: User) -> Finding:
    """Do the one safe thing about a finding, judge its payment anew, and return it as it is then.

    Raises ActionFailed, with the try in its history, where Stripe or the service did not answer as hoped.
    """
    action = action_for(finding)
    before = {"state": finding.state, "sentence": finding.sentence}
    step_write(finding, "acted", action.label, by_id=user.pk)
    try:
        with stripe_told():
            _do(action, finding, user)
    except (ActionFailed, ApiError, SealBroken, StripeTrouble) as error:
        said = _said(error)
        step_write(finding, "refused", said)
        _audit("finding.acted", finding, user, before=before, after={"action": action.name}, refused=said)
        raise ActionFailed(said) from error
    _judge_again(finding)
    finding = Finding.objects.get(pk=finding.pk)
    after = {"action": action.name, "state": finding.state, "sentence": finding.sentence}
    _audit("finding.acted", finding, user, before=before, after=after)
    return finding


def finding_note(*, finding: Finding, user: User, text: str) -> None:
    """Write a note into a finding's history; the audit log keeps that it was written, not what."""
    with transaction.atomic():
        step_write(finding, "noted", text, by_id=user.pk)
        _audit("finding.noted", finding, user, before={}, after={"characters": len(text)})


def finding_assign(*, finding: Finding, assignee: User | None, user: User) -> None:
    """Give a finding an owner, or none."""
    with transaction.atomic():
        locked = Finding.objects.select_for_update().get(pk=finding.pk)
        if locked.assignee_id == (assignee.pk if assignee else None):
            return
        before = {"assignee": str(locked.assignee or "")}
        locked.assignee = assignee
        locked.save(update_fields=["assignee"])
        step_write(locked, "taken" if assignee else "freed", by_id=user.pk)
        _audit("finding.assigned", locked, user, before=before, after={"assignee": str(assignee or "")})


def finding_ignore(*, finding: Finding, user: User, reason: str) -> bool:
    """Say that an open finding is right as it is; it comes back when its figures change. True when this did it."""
    return _decide(finding, user, from_=State.OPEN, to=State.IGNORED, what="ignored", reason=reason)


def finding_reopen(*, finding: Finding, user: User) -> bool:
    """Take an ignored finding up again; True when this did it."""
    return _decide(finding, user, from_=State.IGNORED, to=State.OPEN, what="reopened", reason="")


def _decide(finding: Finding, user: User, *, from_: Finding.State, to: Finding.State, what: str, reason: str) -> bool:
    with transaction.atomic():
        mine = Finding.objects.filter(pk=finding.pk, state=from_)
        if not mine.update(state=to, reason=reason[:254]):
            return False
        step_write(finding, what, reason, by_id=user.pk)
        before, after = {"state": str(from_)}, {"state": str(to), "reason": reason}
        _audit(f"finding.{what}", finding, user, before=before, after=after)
    return True


def _do(action: Action, finding: Finding, user: User) -> None:
    chain = chain_rows().filter(pk=finding.chain_id).first() if finding.chain_id else None
    if action is ADOPT:
        _adopt(finding, user)
    elif chain is None:
        news_read()
    elif action is SETTLE:
        _settle(chain)
    else:
        _refetch(chain, fulfils=action is FULFIL)


def _refetch(chain: Chain, *, fulfils: bool) -> None:
    """Read what Stripe and the service have of a payment now; `fulfils`: the service does first what is to do."""
    client = operator_client(deadline_seconds=CALL_SECONDS) if chain.payment_attempt_id else None
    at = timezone.now()
    if client:
        with client:
            ask = client.payments.fulfil if fulfils else client.payments.get
            payment = ask(chain.payment_attempt_id)
        with transaction.atomic():
            payments_apply([payment], at=at)
    if has_stripe() and (chain.payment_intent_id or chain.checkout_session_id):
        is_paid = bool(chain.payment_intent_id)
        look = payment_look(chain.payment_intent_id) if is_paid else session_look(chain.checkout_session_id)
        with transaction.atomic():
            look.apply()
    news_read()


def _settle(chain: Chain) -> None:
    claim = claim_of(chain.purchase) if chain.purchase else None
    if claim is None or chain.purchase is None:
        raise ActionFailed("The agent of this purchase is not linked here any more.")
    purchase_advance(purchase_id=chain.purchase.pk, claim=claim)


def _adopt(finding: Finding, user: User) -> None:
    kind, _, remote_id = finding.subject.partition(":")
    models = {"refund": (StripeRefund, "refund_id"), "dispute": (StripeDispute, "dispute_id")}
    model, name = models[kind]
    rows = model._default_manager.filter(**{name: remote_id}, adopted_at=None)  # noqa: SLF001 - Django's documented API
    rows.update(adopted_at=timezone.now(), adopted_by=user)


def _judge_again(finding: Finding) -> None:
    if finding.chain_id:
        chains_judge([finding.chain_id])
    else:
        # What is no payment is judged by the next sweep, which is due now.
        Sweep.objects.create(asked_at=timezone.now())


def _said(error: Exception) -> str:
    return str(getattr(error, "for_people", "")) or str(error) or "It could not be done now."


def _audit(
    action: str,
    finding: Finding,
    user: User,
    *,
    before: Mapping[str, object],
    after: Mapping[str, object],
    refused: str = "",
) -> None:
    workspace_id = finding.chain.workspace_id if finding.chain else None
    subject = ("exception", str(finding.key), finding.sentence)
    audit_record(
        action=action,
        actor=user,
        subject=subject,
        workspace_id=workspace_id,
        before=before,
        after=after,
        refused=refused,
    )
