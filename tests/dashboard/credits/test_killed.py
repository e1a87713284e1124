"""A process that is killed between its call and its save, by the system and not by an exception: nothing is lost."""

import multiprocessing
import os
import signal
import warnings
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.db import connection

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.credits.models import Purchase, Receipt
from dashboard.credits.services import purchase_open
from dashboard.freshness.models import SyncCursor
from dashboard.sync.purchases import purchase_sync
from tests.dashboard.credits.paying import Wire, pay, poll, until

pytestmark = pytest.mark.django_db(transaction=True)
QUOTES, STATUS = "/v1/credit-quotes", "/v1/credit-purchases/status"
SESSIONS = "/v1/credit-purchases/stripe-checkout-sessions"


def killed_after(path: str, act: Callable[[], object], settings: Any) -> None:
    """Do something in a process of its own, which is killed once the service has answered at `path`."""

    def die(request: httpx.Request) -> None:
        if request.url.path == path:
            os.kill(os.getpid(), signal.SIGKILL)

    def run() -> None:
        settings.API_TRANSPORT = lambda: Wire(die)
        act()

    connection.close()
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        process = multiprocessing.get_context("fork").Process(target=run)
        process.start()
    process.join(timeout=30)
    assert process.exitcode == -signal.SIGKILL
    # What the health task does once a run has lost its worker.
    SyncCursor.objects.update(running_since=None, run_token=None)


def test_one_purchase_and_receipt_whenever_the_process_is_killed(
    start: Callable[..., Purchase], owner: User, settings: Any, wire: Callable[..., Wire]
) -> None:
    killed_after(QUOTES, start, settings)
    purchase = Purchase.objects.get()
    assert (purchase.state, purchase.quote_id) == ("quoting", "")
    seen = wire()
    assert poll(purchase).state == "quoted"

    killed_after(SESSIONS, lambda: purchase_open(purchase=purchase, user=owner), settings)
    purchase.refresh_from_db()
    assert (purchase.state, purchase.payment_attempt_id) == ("opening", "")
    assert poll(purchase).state == "open"
    assert seen.writes == [(QUOTES, purchase.quote_key), (SESSIONS, purchase.attempt_key)]

    pay(purchase)
    killed_after(STATUS, lambda: purchase_sync(purchase.pk, is_forced=True), settings)
    assert not Receipt.objects.exists()
    until(purchase, "succeeded")
    assert Receipt.objects.get().remote_id == purchase.receipt_id
    assert AuditEntry.objects.filter(action="purchase.settled").count() == 1
