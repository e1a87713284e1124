"""Everybody at once: one purchase, one quote, one attempt, one receipt. Real threads and real transactions."""

import threading
import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.agents.models import Claim
from dashboard.audit.models import AuditEntry
from dashboard.credits.models import Purchase, Receipt, Source
from dashboard.credits.orders import purchase_advance
from dashboard.credits.services import purchase_cancel, purchase_look, purchase_open
from dashboard.credits.settle import purchase_settle
from dashboard.freshness.models import Stream
from dashboard.freshness.services import cursor_open
from dashboard.remote import client_for
from dashboard.sync.pipeline import agent_sync
from dashboard.sync.purchases import purchase_sync
from tests.dashboard.credits.paying import Wire, pay

pytestmark = pytest.mark.django_db(transaction=True)
CLICKS = 20


def together(acts: Iterable[Callable[[], object]]) -> list[BaseException]:
    """Run all of it at once; return what went wrong."""
    ready = list(acts)
    barrier, wrong = threading.Barrier(len(ready)), []

    def run(act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - a thread's error would be lost
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in ready]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def paths(wire: Wire) -> list[str]:
    return sorted(path for path, _ in wire.writes)


def test_twenty_clicks_of_two_people_ask_for_one_price(
    start: Callable[..., Purchase], owner: User, buyer: User, wire: Callable[..., Wire]
) -> None:
    seen = wire()
    form = uuid.uuid4()
    forms = [form if n % 4 < 2 else uuid.uuid4() for n in range(CLICKS)]
    presses = [lambda user=(owner, buyer)[n % 2], key=forms[n]: start(user=user, form_key=key) for n in range(CLICKS)]
    assert together(presses) == []
    assert Purchase.objects.get().state == "quoted"
    assert paths(seen) == ["/v1/credit-quotes"]
    assert AuditEntry.objects.filter(action="purchase.started").count() == 1


def test_twenty_clicks_open_one_checkout(
    start: Callable[..., Purchase], owner: User, buyer: User, wire: Callable[..., Wire]
) -> None:
    purchase, seen = start(), wire()
    presses = [lambda user=(owner, buyer)[n % 2]: purchase_open(purchase=purchase, user=user) for n in range(CLICKS)]
    assert together(presses) == []
    purchase.refresh_from_db()
    assert purchase.state == "open"
    assert paths(seen) == ["/v1/credit-purchases/stripe-checkout-sessions"]
    assert AuditEntry.objects.filter(action="purchase.opened").count() == 1


def test_request_and_poller_that_make_the_same_call_open_one_attempt(
    start: Callable[..., Purchase], owner: User, ready: Claim, wire: Callable[..., Wire]
) -> None:
    purchase, seen = start(), wire()
    Purchase.objects.filter(pk=purchase.pk).update(state="opening", attempt_key="dashboard-buy-race")
    calls = [lambda: purchase_advance(purchase_id=purchase.pk, claim=ready, user=owner) for _ in range(6)]
    assert together(calls) == []
    with client_for(ready, deadline_seconds=5) as client:
        status = client.credits.purchase_status(quote_id=purchase.quote_id)
    purchase.refresh_from_db()
    assert status.payment_attempt is not None
    assert purchase.payment_attempt_id == status.payment_attempt.payment_attempt_id
    assert {key for _, key in seen.writes} == {"dashboard-buy-race"}


def test_open_or_given_up_but_never_both(start: Callable[..., Purchase], owner: User, buyer: User) -> None:
    purchase = start()
    given_up: list[bool] = []
    acts: list[Callable[[], object]] = [
        lambda: purchase_open(purchase=purchase, user=owner),
        lambda: given_up.append(purchase_cancel(purchase=purchase, user=buyer)),
    ]
    assert together(acts) == []
    purchase.refresh_from_db()
    assert purchase.state == ("canceled" if given_up == [True] else "open")


def test_poller_page_webhook_and_admin_at_once_settle_one_payment_once(opened: Purchase, ready: Claim) -> None:
    pay(opened)
    with client_for(ready, deadline_seconds=5) as client:
        while (status := client.credits.purchase_status(quote_id=opened.quote_id)).state != "succeeded":
            pass
    now = timezone.now()

    def settle(source: Source) -> Callable[[], object]:
        return lambda: purchase_settle(purchase_id=opened.pk, status=status, at=now, source=source)

    acts: list[Callable[[], Any]] = [
        *[settle(Source.STATUS)] * 4,
        *[settle(Source.STRIPE)] * 4,
        *[lambda: purchase_sync(opened.pk, is_forced=True)] * 4,
        *[lambda: purchase_look(purchase=opened)] * 4,
        *[lambda: agent_sync(ready.agent_id, is_forced=True)] * 2,
        *[lambda: cursor_open(stream=Stream.PURCHASE, subject_id=opened.pk, label="x", pause=timedelta())] * 2,
    ]
    assert together(acts) == []
    purchase = Purchase.objects.get()
    assert purchase.state == "succeeded"
    assert Receipt.objects.get().remote_id == purchase.receipt_id
    assert AuditEntry.objects.filter(action="purchase.settled").count() == 1
    assert (purchase.credits, Receipt.objects.get().credits) == (500, 500)
