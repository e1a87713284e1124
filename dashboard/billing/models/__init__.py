"""What the billing desk keeps: Stripe's side, the service's side, the chain that joins them, and what differs."""

from dashboard.billing.models.chain import Chain
from dashboard.billing.models.disputes import DisputeAnswer
from dashboard.billing.models.feed import Feed, StripeAccess
from dashboard.billing.models.findings import Finding, FindingStep, Sweep
from dashboard.billing.models.hosted import HostedPayment, HostedReversal, LedgerLine
from dashboard.billing.models.refunds import RefundOrder
from dashboard.billing.models.stripe import StripeDispute, StripePayment, StripePayout, StripeRefund
from dashboard.billing.models.webhooks import Replay, WebhookAttempt, WebhookEvent, WebhookRefusal

__all__ = [
    "Chain",
    "DisputeAnswer",
    "Feed",
    "Finding",
    "FindingStep",
    "HostedPayment",
    "HostedReversal",
    "LedgerLine",
    "RefundOrder",
    "Replay",
    "StripeAccess",
    "StripeDispute",
    "StripePayment",
    "StripePayout",
    "StripeRefund",
    "Sweep",
    "WebhookAttempt",
    "WebhookEvent",
    "WebhookRefusal",
]
