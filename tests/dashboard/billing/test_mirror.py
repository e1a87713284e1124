"""The three sides of a payment come together, whoever tells first, and each is written once."""

from collections.abc import Callable

import pytest

from dashboard.billing.models import StripePayment, WebhookEvent
from tests.dashboard.billing.conftest import chain_of, checkout, press, settled
from tests.dashboard.conftest import PlayedAgent
from tests.dashboard.local_stripe import stripe

pytestmark = pytest.mark.django_db


def test_a_paid_checkout_shows_all_its_sides(platform: str, agent: PlayedAgent, read: Callable[[], None]) -> None:
    attempt = checkout(agent, 1_000)
    read()
    assert chain_of(attempt).stage == "under_way"
    press(platform, attempt)
    chain = settled(read, attempt)
    payment, hosted = chain.stripe_payment, chain.hosted_payment
    assert payment is not None
    assert hosted is not None
    assert (payment.state, payment.amount_cents, payment.currency, payment.fee_cents, payment.net_cents) == (
        ("paid", 1_000, "USD", 59, 941)
    )
    assert (payment.checkout_session_id, payment.payment_attempt_id) == (
        (attempt.checkout_session_id, attempt.payment_attempt_id)
    )
    assert (hosted.receipt_credits, hosted.status) == (1_000, "succeeded")
    assert chain.lines.filter(type="credits.payment_backed_granted").count() == 1
    assert chain.stage == "done"
    assert chain.granted_at is not None
    assert not WebhookEvent.objects.filter(state__in=("unhandled", "failed")).exists()


def test_refund_and_dispute_are_mirrored(platform: str, agent: PlayedAgent, read: Callable[[], None]) -> None:
    attempt = checkout(agent)
    press(platform, attempt)
    chain = settled(read, attempt)
    stripe(platform, "refunds", charge=chain.stripe_payment.charge_id, amount=200)  # type: ignore[union-attr]
    read()
    payment = StripePayment.objects.get(chain=chain)
    assert payment.refunded_cents == 200
    refund = payment.striperefunds.get()
    assert (refund.amount_cents, refund.status, refund.order_key) == (200, "succeeded", "")
    stripe(platform, "test_helpers/sandbox/disputes", charge=payment.charge_id, amount=300)
    read()
    dispute = payment.stripedisputes.get()
    assert (dispute.amount_cents, dispute.status, dispute.fee_cents) == (300, "needs_response", 1_500)
    assert chain_of(attempt).stage == "reversed"
