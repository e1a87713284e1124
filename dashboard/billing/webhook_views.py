"""Where Stripe delivers its events. The route exists only with a signing secret (`dashboard.billing.urls`)."""

import time
from threading import Lock

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from dashboard.accounts.access import public
from dashboard.billing import tasks
from dashboard.billing.models import WebhookRefusal
from dashboard.billing.webhooks import MOST_BYTES, WebhookRefused, event_receive, refusal_count

# One wake-up a second is enough for any number of events: what is due is in the rows, and a sweep finds it anyway.
_WAKE_EVERY = 1.0


class _Bell:
    def __init__(self) -> None:
        self._lock, self._rung_at = Lock(), 0.0

    def ring(self) -> None:
        with self._lock:
            now = time.monotonic()
            if now - self._rung_at < _WAKE_EVERY:
                return
            self._rung_at = now
        tasks.events_handle_due.delay()


_bell = _Bell()


@csrf_exempt
@public
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Acknowledge what is stored for good; refuse everything that is not Stripe's, saying no more than that."""
    try:
        event_receive(body=_body(request), signature=request.headers.get("Stripe-Signature", ""))
    except WebhookRefused as refusal:
        refusal_count(refusal.reason)
        is_large = refusal.reason == WebhookRefusal.Reason.TOO_LARGE
        return HttpResponse("Refused.", status=413 if is_large else 400, content_type="text/plain")
    # The event is committed: a queue that is away must not make Stripe send it again.
    transaction.on_commit(_bell.ring, robust=True)
    return HttpResponse(status=200)


def _body(request: HttpRequest) -> bytes:
    """Return the body, unless more is said to come than is ever read; the server hands out no more than was said."""
    told = request.headers.get("Content-Length", "")
    if told.isdecimal() and int(told[:12]) > MOST_BYTES:
        raise WebhookRefused(WebhookRefusal.Reason.TOO_LARGE)
    return request.body
