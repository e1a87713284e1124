"""Opening an attempt: once a key, at most one open a quote, and the provider asked outside any transaction."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from sandbox import book, changes, ledger
from sandbox.errors import ApiError, invalid
from sandbox.guidance import command, docs
from sandbox.ids import new_id
from sandbox.models import Agent, PaymentAttempt, PurchaseKey, Quote, Receipt
from sandbox.models.operator import ChangeKind
from sandbox.models.payments import OPEN_STATUSES
from sandbox.payments import fulfilment, gateway, lines
from sandbox.payments.gateway import Opened
from sandbox.quotes import Terms
from sandbox.rules import payments
from sandbox.rules.idempotency import fresh_key


def attempt_open(agent: Agent, quote_id: str, key: str, method: str, trace_id: str) -> PaymentAttempt:
    """The attempt of this key, or the open one of the quote, or a new one. It moves no balance (contract 4.5).

    Raises CREDIT_QUOTE_NOT_FOUND, CREDIT_QUOTE_EXPIRED, CREDIT_QUOTE_PAID, IDEMPOTENCY_CONFLICT, INVALID_ARGUMENTS,
    PAYMENT_METHOD_UNAVAILABLE, PROVIDER_FAILURE.
    """
    if method not in payments.purchasable(is_real_stripe=gateway.is_real()):
        raise ApiError("PAYMENT_METHOD_UNAVAILABLE", "This payment method cannot be bought with here.")
    quote = quote_get(agent, quote_id)
    if quote.payment_method != method:
        raise _other_method(quote)
    for stale in quote.attempts.filter(status__in=OPEN_STATUSES, expires_at__lte=timezone.now()):
        fulfilment.refresh(stale)
    attempt = _hold(agent, quote, key, trace_id)
    if attempt.checkout_session_id or attempt.payment_intent_id:
        return attempt
    is_checkout = method == payments.CHECKOUT
    # The attempt is kept before the call: whoever repeats the request asks the provider under the same key.
    opened = gateway.checkout_open(attempt) if is_checkout else gateway.deposit_open(attempt)
    return _name(attempt, opened)


def purchase_fake(agent: Agent, quote_id: str, key: str, trace_id: str) -> Receipt:
    """The test settlement of 0.1.0 (contract 2.9): granted at once, once, and never money."""
    quote = quote_get(agent, quote_id)
    if quote.payment_method != payments.FAKE_METHOD or gateway.is_real():
        raise _other_method(quote)
    with transaction.atomic():
        locked = book.lock(agent)
        attempt = _hold(locked, quote, key, trace_id)
        receipt = Receipt.objects.filter(attempt=attempt).first()
        return receipt or fulfilment.grant(attempt, timezone.now())


def quote_get(agent: Agent, quote_id: str) -> Quote:
    """One of the agent's own quotes. Raises CREDIT_QUOTE_NOT_FOUND."""
    quote = agent.quotes.filter(pk=quote_id).first()
    if quote is None:
        raise ApiError("CREDIT_QUOTE_NOT_FOUND", "This agent has no such quote.")
    return quote


@transaction.atomic
def _hold(agent: Agent, quote: Quote, key: str, trace_id: str) -> PaymentAttempt:
    """Under the agent's lock, so that parallel equal requests find one attempt."""
    agent = book.lock(agent)
    known = PurchaseKey.objects.select_related("attempt__quote").filter(agent=agent, key=key).first()
    if known is not None:
        if known.attempt.quote_id != quote.id:
            raise _conflict(quote)
        attempt = known.attempt
    else:
        attempt = _open_or_new(agent, quote, trace_id)
        PurchaseKey.objects.create(agent=agent, key=key, attempt=attempt)
    attempt.agent = agent
    return attempt


def _open_or_new(agent: Agent, quote: Quote, trace_id: str) -> PaymentAttempt:
    if Receipt.objects.filter(quote=quote).exists():
        status = command(f"credits status --quote-id {quote.id} --json")
        recovery = {"suggested_command": status, "docs_url": docs("credits")}
        raise ApiError("CREDIT_QUOTE_PAID", "This quote is paid already.", recovery=recovery)
    now = timezone.now()
    # Not refused and not a second one: two open attempts could both be paid.
    found = quote.attempts.filter(status__in=OPEN_STATUSES).first()
    if found is not None:
        return found
    if now >= quote.expires_at:
        terms = Terms(quote.credits, quote.pack_id, quote.payment_method)
        again = command(terms.command_line(fresh_key("quote")))
        recovery = {"suggested_command": again, "docs_url": docs("credits")}
        raise ApiError("CREDIT_QUOTE_EXPIRED", "This quote has expired.", recovery=recovery)
    attempt = PaymentAttempt.objects.create(
        id=new_id("payatt"),
        agent=agent,
        quote=quote,
        trace_id=trace_id,
        created_at=now,
        updated_at=now,
        expires_at=now + timedelta(minutes=settings.SANDBOX_CHECKOUT_MINUTES),
    )
    changes.note(agent, ChangeKind.PAYMENT, attempt.id)
    return attempt


@transaction.atomic
def _name(attempt: PaymentAttempt, opened: Opened) -> PaymentAttempt:
    """Keeps what the provider made, once, with its line in the ledger."""
    agent = book.lock(attempt.agent)
    locked = PaymentAttempt.objects.select_for_update(of=("self",)).select_related("quote").get(pk=attempt.pk)
    locked.agent = agent
    if locked.checkout_session_id or locked.payment_intent_id:
        return locked
    locked.checkout_session_id, locked.checkout_url = opened.checkout_session_id, opened.checkout_url
    locked.payment_intent_id, locked.deposit = opened.payment_intent_id, opened.deposit
    locked.save()
    changes.note(agent, ChangeKind.PAYMENT, locked.id)
    if locked.checkout_session_id:
        ledger.record(agent, [lines.checkout_created(locked, timezone.now())])
    return locked


def _conflict(quote: Quote) -> ApiError:
    rail = payments.rail_of(quote.payment_method)
    provider = rail.provider if rail else payments.FAKE_METHOD
    again = f"credits buy --provider {provider} --quote-id {quote.id} --idempotency-key {fresh_key('purchase')} --json"
    return ApiError(
        "IDEMPOTENCY_CONFLICT",
        "This idempotency key was used to buy another quote.",
        recovery={
            "suggested_command": command(again),
            "required_flag": "--idempotency-key",
            "docs_url": docs("credits"),
        },
    )


def _other_method(quote: Quote) -> ApiError:
    rail = payments.rail_of(quote.payment_method)
    if rail is None:
        return invalid("This quote is for another payment method.", docs_url=docs("credits"))
    return invalid(
        "This quote is for another payment method.",
        suggested_command=command(payments.buy_line(rail, quote.id)),
        docs_url=docs("credits"),
    )
