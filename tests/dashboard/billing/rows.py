"""Rows of the desk for tests in which no Stripe plays."""

from datetime import timedelta

from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.billing.models import Chain, RefundOrder, StripeDispute, StripePayment


def paid_chain(*, cents: int = 500, intent: str = "pi_here") -> Chain:
    """A payment that Stripe took the money for."""
    now = timezone.now()
    payment = StripePayment.objects.create(
        livemode=False,
        payment_intent_id=intent,
        charge_id=f"ch_of_{intent}",
        payment_attempt_id=f"payatt_of_{intent}",
        state=StripePayment.State.PAID,
        amount_cents=cents,
        currency="USD",
        created_at=now,
        paid_at=now,
        fetched_at=now,
    )
    return Chain.objects.create(opened_at=now, stripe_payment=payment, payment_intent_id=intent, stage="paid")


def refund_ordered(chain: Chain, user: User) -> RefundOrder:
    """A refund that Stripe has not answered."""
    now = timezone.now()
    payment = chain.stripe_payment
    assert payment is not None
    return RefundOrder.objects.create(
        chain=chain,
        payment=payment,
        amount_cents=payment.amount_cents,
        currency=payment.currency,
        reason="duplicate",
        ordered_by=user,
        ordered_at=now,
        not_before=now,
    )


def disputed(
    chain: Chain, *, status: str = "needs_response", days: float = 7, dispute_id: str = "dp_here"
) -> StripeDispute:
    """A dispute that has to be answered within so many days."""
    now, payment = timezone.now(), chain.stripe_payment
    assert payment is not None
    return StripeDispute.objects.create(
        dispute_id=dispute_id,
        livemode=payment.livemode,
        payment=payment,
        payment_intent_id=payment.payment_intent_id,
        amount_cents=payment.amount_cents,
        currency=payment.currency,
        status=status,
        reason="fraudulent",
        due_at=now + timedelta(days=days),
        created_at=now,
        fetched_at=now,
    )
