"""The only place where Stripe's key is opened and its client is made, and what the key was found to allow.

The client is Stripe's own (https://docs.stripe.com/api): it repeats by itself what is safe to repeat. A restricted key
that may read is enough for all but refunds and evidence.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import stripe
import structlog
from django.conf import settings
from django.utils import timezone

from dashboard.billing.models import StripeAccess

log = structlog.get_logger(__name__)

CONNECT_SECONDS, READ_SECONDS = 5.0, 15.0
REPEATS = 2
# Names of our own that Stripe cannot have: whoever may write is told that there is no such thing, others that they may
# not. Nothing can be refunded or handed in by these.
_NOTHING = "nothing_to_see_here"
YES, NO = "yes", "no"


class StripeTrouble(Exception):
    """Stripe could not be used. `for_people` is for pages; `is_passing` tells whether trying again may help.

    Neither text holds what was sent: Stripe's own message may quote it.
    """

    def __init__(self, code: str, for_people: str, *, is_passing: bool, trace_id: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.for_people = for_people
        self.is_passing = is_passing
        self.trace_id = trace_id


@dataclass(frozen=True)
class Thing:
    """Something that a key may be allowed to do: its name, what the desk needs it for, and a call that finds out."""

    name: str
    need: str
    is_write: bool
    try_it: Callable[[stripe.StripeClient], object]


THINGS = (
    Thing("checkout_sessions", "Checkouts", False, lambda one: one.v1.checkout.sessions.list({"limit": 1})),
    Thing("payment_intents", "Payments", False, lambda one: one.v1.payment_intents.list({"limit": 1})),
    Thing("charges", "Charges", False, lambda one: one.v1.charges.list({"limit": 1})),
    Thing("balance", "Fees", False, lambda one: one.v1.balance_transactions.list({"limit": 1})),
    Thing("refunds", "Refunds", False, lambda one: one.v1.refunds.list({"limit": 1})),
    Thing("disputes", "Disputes", False, lambda one: one.v1.disputes.list({"limit": 1})),
    Thing("payouts", "Payouts", False, lambda one: one.v1.payouts.list({"limit": 1})),
    Thing("events", "Events that did not reach us", False, lambda one: one.v1.events.list({"limit": 1})),
    Thing("refund_write", "Refunding from here", True, lambda one: one.v1.refunds.create({"charge": _NOTHING})),
    Thing("dispute_write", "Answering disputes from here", True, lambda one: one.v1.disputes.update(_NOTHING, {})),
)


def has_stripe() -> bool:
    """Tell whether a key is configured at all."""
    return bool(settings.STRIPE_API_KEY)


def is_live() -> bool:
    """Tell which mode the key is of: everything of the other mode is refused."""
    return bool(settings.STRIPE_API_KEY.startswith(("sk_live_", "rk_live_")))


def stripe_client() -> stripe.StripeClient:
    """Return Stripe's own client for the configured key; raises StripeTrouble without one."""
    if not has_stripe():
        raise StripeTrouble("NOT_CONNECTED", "No Stripe account is connected.", is_passing=False)
    if settings.STRIPE_TRANSPORT:
        return _client(settings.STRIPE_API_KEY, settings.STRIPE_API_BASE, settings.STRIPE_TRANSPORT())
    return _kept_client(settings.STRIPE_API_KEY, settings.STRIPE_API_BASE)


@cache
def _kept_client(key: str, base: str) -> stripe.StripeClient:
    # One session a thread inside; made once, for a fresh connection for each call would cost a handshake each.
    return _client(key, base, stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS)))


# A connection that a fork inherits is its parent's: one would read the other's answers.
os.register_at_fork(after_in_child=_kept_client.cache_clear)


def _client(key: str, base: str, http: stripe.HTTPClient) -> stripe.StripeClient:
    return stripe.StripeClient(
        key, base_addresses={"api": base, "files": base} if base else {}, http_client=http, max_network_retries=REPEATS
    )


@contextmanager
def stripe_told() -> Iterator[None]:
    """Say the SDK's errors as StripeTrouble."""
    try:
        yield
    except stripe.StripeError as error:
        raise trouble_of(error) from None


def trouble_of(error: stripe.StripeError) -> StripeTrouble:
    """Return what an error of the SDK means to us."""
    code, trace_id = error.code or type(error).__name__, error.request_id or ""
    if isinstance(error, stripe.AuthenticationError):
        return StripeTrouble(code, "Stripe does not accept this key.", is_passing=False, trace_id=trace_id)
    if isinstance(error, stripe.PermissionError):
        return StripeTrouble(code, "This key may not do that.", is_passing=False, trace_id=trace_id)
    if isinstance(error, stripe.InvalidRequestError):
        return StripeTrouble(code, "Stripe refused the request.", is_passing=False, trace_id=trace_id)
    return StripeTrouble(code, "Stripe did not answer as it should.", is_passing=True, trace_id=trace_id)


def access_check() -> StripeAccess:
    """Try everything that the desk needs, and keep what came of it; raises StripeTrouble where nothing can be tried.

    What would write is tried with ids of our own that Stripe cannot have: the refusal tells whether it was the key.
    """
    client = stripe_client()
    grants = {thing.name: _grant(thing, client) for thing in THINGS}
    row, _ = StripeAccess.objects.update_or_create(
        pk=StripeAccess.ONLY,
        defaults={
            "livemode": is_live(),
            "key_hint": settings.STRIPE_API_KEY[-4:],
            "grants": grants,
            "checked_at": timezone.now(),
        },
    )
    return row


def access_get() -> StripeAccess | None:
    """Return what the configured key was found to allow; None where it was not tried yet."""
    known = StripeAccess.objects.filter(pk=StripeAccess.ONLY, livemode=is_live())
    return known.filter(key_hint=settings.STRIPE_API_KEY[-4:]).first()


def may(thing: str) -> bool:
    """Tell whether the key may do something, as far as it was tried; what was not tried is assumed."""
    known = access_get()
    return has_stripe() and (known is None or known.grants.get(thing) != NO)


def _grant(thing: Thing, client: stripe.StripeClient) -> str:
    try:
        thing.try_it(client)
    except (stripe.PermissionError, stripe.AuthenticationError):
        return NO
    except stripe.InvalidRequestError:
        # It looked for what is not there, so it would have been allowed to.
        return YES if thing.is_write else NO
    except stripe.StripeError as error:
        log.info("stripe_not_tried", thing=thing.name, error=type(error).__name__)
        return trouble_of(error).code
    return YES
