"""What an agent buys by itself: its ledger finds it and lights lights, the status alone says what was paid."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.http import Http404

from dashboard.accounts.models import User
from dashboard.agents.models import Claim
from dashboard.agents.services import claim_release
from dashboard.audit.models import AuditEntry
from dashboard.credits.choices import hand_off_dismiss, hand_offs_mute, hand_offs_unmute
from dashboard.credits.models import Purchase, Receipt, Reversal
from dashboard.credits.selectors import (
    hand_off_lately_list,
    hand_off_list,
    is_muted,
    purchase_awaited_lists,
    purchase_by_id,
    purchase_get,
    purchase_list,
    receipt_get,
    receipt_list,
    reversal_list,
)
from dashboard.credits.services import purchase_start
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.sync.pipeline import agent_sync
from tests.dashboard.credits.paying import STARTER, X402, buy, pay, poll, until
from tests.dashboard.local_stripe import stripe, stripe_get

pytestmark = pytest.mark.django_db


def sync(claim: Claim) -> None:
    assert agent_sync(claim.agent_id, is_forced=True)


@pytest.fixture
def asked(agent: Any, ready: Claim) -> Purchase:
    """A hand-off: the agent opened a checkout, and its status was read."""
    buy(agent)
    sync(ready)
    return poll(Purchase.objects.get())


def test_checkout_of_an_agent_becomes_a_hand_off(asked: Purchase, ready: Claim, hosted_api: str) -> None:
    assert (asked.origin, asked.state, asked.price_cents, asked.opened_by) == ("agent", "open", 500, None)
    assert asked.hand_off_url.startswith(f"{hosted_api}/pay/payatt_")
    assert hand_off_list(ready.workspace, limit=10) == [asked]
    assert purchase_awaited_lists(ready.workspace, limit=10) == ([], [asked]), "nobody here opened it"


def test_hand_off_is_shown_only_after_its_status_was_read(agent: Any, ready: Claim) -> None:
    buy(agent)
    sync(ready)
    assert hand_off_list(ready.workspace, limit=10) == []
    assert SyncCursor.objects.get(stream=Stream.PURCHASE).due_at is not None


def test_paid_hand_off_leaves_the_inbox_with_a_receipt_of_nobody_here(asked: Purchase, ready: Claim) -> None:
    pay(asked)
    until(asked, "succeeded")
    assert hand_off_list(ready.workspace, limit=10) == []
    assert Receipt.objects.get().opened_by is None


def test_grant_in_the_ledger_alone_marks_nothing_as_paid(asked: Purchase, ready: Claim) -> None:
    pay(asked)
    for _ in range(50):
        sync(ready)
        asked.refresh_from_db()
        if asked.granted_at:
            break
        time.sleep(0.05)
    assert asked.granted_source == "ledger"
    assert (asked.state, asked.paid_at, asked.settled_at) == ("open", None, None)
    assert not Receipt.objects.exists()
    assert hand_off_list(ready.workspace, limit=10) == [], "nobody is asked to pay what was granted"
    assert poll(asked).state == "succeeded"


def test_deposit_of_an_agent_is_seen_at_its_grant_and_not_before(agent: Any, ready: Claim, hosted_api: str) -> None:
    _, attempt = buy(agent, X402, 137)
    sync(ready)
    assert not Purchase.objects.exists()
    pay(Purchase(hand_off_url=f"{hosted_api}/pay/{attempt.payment_attempt_id}"), "exact")
    for _ in range(50):
        sync(ready)
        if Purchase.objects.exists():
            break
        time.sleep(0.05)
    found = until(Purchase.objects.get(), "succeeded")
    assert (found.origin, found.payment_method, found.credits) == ("agent", X402, 137)
    assert (found.granted_source, Receipt.objects.get().amount_cents) == ("ledger", 137)


def test_not_now_is_said_once_and_by_name(asked: Purchase, ready: Claim, owner: User) -> None:
    assert hand_off_dismiss(purchase=asked, user=owner)
    assert not hand_off_dismiss(purchase=asked, user=owner)
    asked.refresh_from_db()
    assert (asked.dismissed_by, asked.state) == (owner, "open")
    assert hand_off_list(ready.workspace, limit=10) == []
    assert AuditEntry.objects.get(action="hand_off.dismissed").actor_label == owner.email


def test_own_purchase_is_no_hand_off_to_dismiss(opened: Purchase, owner: User) -> None:
    assert not hand_off_dismiss(purchase=opened, user=owner)


def test_muted_agent_asks_no_more_until_it_may_again(asked: Purchase, ready: Claim, buyer: User) -> None:
    hand_offs_mute(claim=ready, user=buyer)
    hand_offs_mute(claim=ready, user=buyer)
    assert is_muted(ready.workspace, ready.agent)
    assert hand_off_list(ready.workspace, limit=10) == []
    hand_offs_unmute(claim=ready, user=buyer)
    assert hand_off_list(ready.workspace, limit=10) == [asked]
    assert AuditEntry.objects.filter(action__startswith="hand_offs.").count() == 2


def test_expired_checkout_says_so_and_a_second_one_of_the_quote_asks_again(
    asked: Purchase, ready: Claim, agent: Any, hosted_api: str
) -> None:
    first = asked.payment_attempt_id
    stripe(hosted_api, f"checkout/sessions/{asked.checkout_session_id}/expire")
    until(asked, "expired")
    assert [line.key for line in hand_off_lately_list(ready.workspace, limit=10)] == [asked.key]
    buy(agent, quote_id=asked.quote_id)
    sync(ready)
    assert until(asked, "open").payment_attempt_id != first
    assert hand_off_list(ready.workspace, limit=10) == [asked]
    pay(asked)
    assert until(asked, "succeeded").receipt_id


def test_refund_shows_on_its_purchase_and_rewrites_nothing(asked: Purchase, ready: Claim, hosted_api: str) -> None:
    pay(asked)
    until(asked, "succeeded")
    before = Receipt.objects.values().get()
    session = stripe_get(hosted_api, f"checkout/sessions/{asked.checkout_session_id}")
    stripe(hosted_api, "refunds", payment_intent=session["payment_intent"], amount=200)
    for _ in range(50):
        sync(ready)
        if Reversal.objects.filter(kind="refunded").exists():
            break
        time.sleep(0.05)
    steps = [(step.kind, step.credits_delta, step.amount_cents) for step in reversal_list(asked)]
    assert steps[-1] == ("refunded", -200, 200)
    assert Receipt.objects.values().get() == before
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Reversal.objects.update(credits_delta=0)


def test_somebody_elses_purchase_is_not_there(asked: Purchase, outsider: User, ready: Claim) -> None:
    pay(asked)
    until(asked, "succeeded")
    receipt = Receipt.objects.get()
    theirs = outsider.memberships.get().workspace
    assert purchase_get(ready.workspace, asked.key) == asked
    assert receipt_get(ready.workspace, receipt.key) == receipt
    for workspace, key in ((theirs, asked.key), (ready.workspace, uuid.uuid4())):
        with pytest.raises(Http404):
            purchase_get(workspace, key)
    with pytest.raises(Http404):
        receipt_get(theirs, receipt.key)
    assert not purchase_list(theirs).exists()
    assert not receipt_list(theirs).exists()
    assert hand_off_list(theirs, limit=10) == []


def test_form_of_another_workspace_finds_nothing_of_ours(
    start: Callable[..., Purchase], outsider: User, new_agent: Callable[..., Any], make_claim: Callable[..., Claim]
) -> None:
    form = uuid.uuid4()
    ours = start(form_key=form)
    theirs = make_claim(new_agent(), outsider.memberships.get().workspace, outsider)
    sync(theirs)
    theirs.agent.refresh_from_db()
    same_form = purchase_start(claim=theirs, user=outsider, terms=STARTER, form_key=form)
    assert same_form != ours
    assert same_form.workspace == theirs.workspace


def test_agent_that_changed_hands_buys_without_its_former_workspace(
    start: Callable[..., Purchase],
    ready: Claim,
    agent: Any,
    owner: User,
    outsider: User,
    make_claim: Callable[..., Claim],
) -> None:
    ours = start()
    claim_release(claim=ready, user=owner)
    theirs = make_claim(agent, outsider.memberships.get().workspace, outsider)
    sync(theirs)
    theirs.agent.refresh_from_db()
    new = purchase_start(claim=theirs, user=outsider, terms=STARTER, form_key=uuid.uuid4())
    assert (new != ours, new.state) == (True, "quoted")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plan")
@pytest.mark.parametrize("name", ["quote_id", "payment_attempt_id", "checkout_session_id", "receipt_id"])
def test_purchase_is_found_by_its_id_without_reading_the_others(name: str) -> None:
    sql, params = purchase_by_id(1, name, "x").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        assert f"(agent_id=? AND {name}=?)" in str(cursor.fetchall())
