"""One daemon thread: delivers what is due, again if need be, and lets time pass for what moves by itself.

No request ever waits for it, and it waits for no request: it tells the sandbox itself inside the process, and others
over HTTP. Several processes may each have one; a delivery is taken by conditional update.
"""

import json
import logging
import threading
import urllib.request
from datetime import datetime, timedelta
from urllib.error import URLError

import stripe
from django.conf import settings
from django.db import close_old_connections, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string

from sandbox.stripe_stand_in import bell, events, keys, payouts, sessions
from sandbox.stripe_stand_in.models import Delivery, StandInObject

# Named, not imported: whoever listens is built on top of what this room offers.
LISTENER = "sandbox.payments.webhooks.receive"
MAX_TRIES = 16
_IDLE_SECONDS = 0.5
_BATCH = 50
_TIMEOUT_SECONDS = 10
_LONGEST_PAUSE = timedelta(hours=1)

logger = logging.getLogger(__name__)
_start_lock = threading.Lock()
_threads: list[threading.Thread] = []


def ensure(**_: object) -> None:
    """Starts the thread of this process, once; a receiver of Django's `request_started`."""
    if not settings.SANDBOX_COURIER or _threads:
        return
    with _start_lock:
        if not _threads:
            _threads.append(threading.Thread(target=_work, name="stripe-courier", daemon=True))
            _threads[0].start()


def _work() -> None:
    while True:
        tried = 0
        try:
            close_old_connections()
            tried = run_due(timezone.now())
        except Exception:
            # The process edge of this thread: a database that is away must not end it.
            logger.exception("the courier stumbled")
        if tried < _BATCH:
            bell.wait(_IDLE_SECONDS)


def run_due(now: datetime) -> int:
    """Moves what is due to move, then delivers what is due; says how many deliveries were tried."""
    for row_id in StandInObject.objects.filter(acts_at__lte=now).values_list("pk", flat=True)[:_BATCH]:
        _act(row_id, now)
    due = Delivery.objects.filter(delivered_at=None, due_at__lte=now, tries__lt=MAX_TRIES).order_by("due_at", "pk")
    return sum(_deliver(delivery, now) for delivery in due.select_related("event")[:_BATCH])


@transaction.atomic
def _act(row_id: int, now: datetime) -> None:
    row = StandInObject.objects.select_for_update().filter(pk=row_id, acts_at__lte=now).first()
    if row is None:
        return
    if row.kind == sessions.KIND:
        sessions.close(row)
    elif row.kind == "payout":
        payouts.arrive(row)
    else:
        sessions.settle_later(row, is_paid=True)


def _deliver(delivery: Delivery, now: datetime) -> bool:
    """One try. The next one is set before it, so that a crash in between delivers again."""
    pause = min(timedelta(seconds=2**delivery.tries), _LONGEST_PAUSE)
    mine = Delivery.objects.filter(pk=delivery.pk, tries=delivery.tries, delivered_at=None)
    if mine.update(tries=F("tries") + 1, due_at=now + pause) != 1:
        return False
    if delivery.tries >= events.plan()["failures"] and _tell(delivery):
        Delivery.objects.filter(pk=delivery.pk).update(delivered_at=timezone.now())
    return True


def _tell(delivery: Delivery) -> bool:
    payload = json.dumps(delivery.event.data)
    signature = stripe.WebhookSignature.generate_signature_header(payload, keys.webhook_secret())
    try:
        if delivery.target:
            return _post(delivery.target, payload, signature)
        import_string(LISTENER)(payload.encode(), signature)
    except Exception:
        # Whatever went wrong at the listener, the delivery is due again.
        logger.exception("a webhook was not taken: %s", delivery.event.object_id)
        return False
    return True


def _post(address: str, payload: str, signature: str) -> bool:
    request = urllib.request.Request(  # noqa: S310 - the settings allow http and https only
        address,
        data=payload.encode(),
        headers={"content-type": "application/json; charset=utf-8", "stripe-signature": signature},
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 - as above
            return bool(200 <= response.status < 300)
    except (URLError, OSError):
        return False
