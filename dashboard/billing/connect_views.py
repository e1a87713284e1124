""" "Connect Stripe": from nothing to the first verified event, step by step."""

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from dashboard.accounts.access import platform, viewer
from dashboard.accounts.models import PlatformRole, User
from dashboard.audit.services import audit_record
from dashboard.billing.access import THINGS, StripeTrouble, access_check, access_get, is_live
from dashboard.billing.connecting import connect_steps
from dashboard.billing.models import Feed
from dashboard.billing.selectors import strangers_count
from dashboard.billing.stripe_feeds import EVENTS
from dashboard.billing.views import sight

EVENT_TYPES = (
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.*",
    "charge.*",
    "refund.*",
    "payout.*",
)


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
def connect(request: HttpRequest) -> HttpResponse:
    known, around = access_get(), sight()
    grants = known.grants if known else {}
    context = {
        "tab": "stripe",
        "steps": connect_steps(known),
        "access": known,
        "things": [(thing, grants.get(thing.name, "")) for thing in THINGS],
        "key_kind": "restricted" if settings.STRIPE_API_KEY.startswith("rk_") else "secret",
        "endpoint": f"{settings.DASHBOARD_URL}/webhooks/stripe/",
        "event_types": "\n".join(EVENT_TYPES),
        "strangers": strangers_count(),
        **around,
    }
    return render(request, "billing/connect.html", context)


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
def access_trial(request: HttpRequest) -> HttpResponse:
    """Try what the configured key may do."""
    try:
        row = access_check()
    except StripeTrouble as trouble:
        messages.error(request, trouble.for_people)
    else:
        _audit("stripe.checked", viewer(request), {"grants": row.grants})
        messages.success(request, "The key was tried; the table shows what it may do.")
    return redirect("billing:connect")


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
def events_backfill(request: HttpRequest) -> HttpResponse:
    """Have Stripe's list of events read again as far as Stripe keeps it; what is known stays as it is."""
    with transaction.atomic():
        Feed.objects.update_or_create(
            name=EVENTS.name, defaults={"cursor": "", "due_at": timezone.now(), "running_since": None}
        )
        _audit("stripe.read", viewer(request), {"days": 29})
    messages.success(request, "Stripe's events of the last 29 days are being read.")
    return redirect("billing:connect")


def _audit(action: str, user: User, after: dict[str, object]) -> None:
    mode = "live" if is_live() else "test"
    audit_record(action=action, actor=user, subject=("stripe", mode, f"Stripe ({mode} mode)"), after=after)
