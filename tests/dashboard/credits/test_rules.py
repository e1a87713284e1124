"""What a workspace asks of its buyers, the mirrored price list, and what wakes a resting purchase."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Claim, QuotaSnapshot
from dashboard.audit.models import AuditEntry
from dashboard.credits.apply import balance_apply
from dashboard.credits.choices import buying_rule_change
from dashboard.credits.models import Purchase
from dashboard.credits.prices import prices_get
from dashboard.credits.selectors import needs_fresh_sign_in
from dashboard.credits.services import purchase_look
from dashboard.credits.terms import Terms
from dashboard.credits.watch import purchase_watch
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.sync.public import prices_sync
from dashboard.sync.purchases import purchase_sync
from dashboard.sync.services import run_claim, run_rest
from tests.dashboard.credits.paying import prices_read

pytestmark = pytest.mark.django_db


def test_fresh_sign_in_is_asked_above_fifty_dollars_until_an_owner_says_otherwise(
    workspace: Workspace, owner: User
) -> None:
    assert not needs_fresh_sign_in(workspace, 5_000)
    assert needs_fresh_sign_in(workspace, 5_001)
    buying_rule_change(workspace=workspace, user=owner, fresh_sign_in_cents=0)
    assert needs_fresh_sign_in(workspace, 1)
    entry = AuditEntry.objects.get(action="buying_rule.changed")
    assert (entry.before, entry.after) == ({"fresh_sign_in_cents": 5_000}, {"fresh_sign_in_cents": 0})
    buying_rule_change(workspace=workspace, user=owner, fresh_sign_in_cents=0)
    assert AuditEntry.objects.filter(action="buying_rule.changed").count() == 1


def test_price_list_is_mirrored_whole(hosted_api: str) -> None:
    assert prices_get() is None
    prices_read()
    prices = prices_get()
    assert prices is not None
    assert {method.method_id for method in prices.methods} == {"stripe_checkout", "stripe_x402.exact.usdc"}
    assert all(method.is_offerable for method in prices.methods)
    starter, nothing = (Terms(credits=None, pack_id=one, payment_method="") for one in ("starter-500", "nothing"))
    assert (prices.listed(starter), prices.offer.custom_max_credits) == ((500, 500), 5_000)
    assert prices.listed(nothing) is prices.method("nothing") is None


def test_price_list_is_asked_for_without_a_token_and_keeps_nothing_unnamed(
    hosted_answers: Callable[..., None],
) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        method = {"method_id": "x", "available": True, "surprise": {"deep": 1.5}}
        data = {"methods": [method, "broken"], "packs": [{"pack_id": "p", "credits": 5, "amount_cents": 5, "more": 1}]}
        return httpx.Response(200, json={"ok": True, "warnings": [], "trace_id": "trace_1", "data": data})

    hosted_answers(answer)
    prices_read()
    assert all("authorization" not in request.headers for request in seen)
    prices = prices_get()
    assert prices is not None
    assert [method.method_id for method in prices.methods] == ["x"]
    assert not prices.methods[0].is_offerable
    assert [pack.extra for pack in prices.offer.packs] == [{}]


def test_price_list_outlives_trouble_and_grows_old(hosted_api: str, hosted_answers: Callable[..., None]) -> None:
    prices_read()
    hosted_answers(lambda _request: httpx.Response(502))
    assert not prices_sync(is_forced=True)
    prices = prices_get()
    assert prices is not None
    assert not prices.is_old
    assert SyncCursor.objects.get(stream=Stream.PRICES).error_code


def test_word_that_comes_while_an_older_answer_is_on_its_way_keeps_a_purchase_awake(opened: Purchase) -> None:
    run = run_claim(stream=Stream.PURCHASE, subject_id=opened.pk, is_forced=True)
    assert run is not None
    purchase_watch(opened, pause=timedelta())
    run_rest(run, reason=SyncCursor.Stopped.DONE)
    assert SyncCursor.objects.get(subject_id=opened.pk, stream=Stream.PURCHASE).stopped == ""


def test_look_of_a_page_makes_the_next_call_due_but_not_at_every_look(opened: Purchase) -> None:
    cursor = SyncCursor.objects.filter(stream=Stream.PURCHASE, subject_id=opened.pk)
    later = timezone.now() + timedelta(minutes=10)
    cursor.update(due_at=later)
    purchase_look(purchase=opened)
    assert cursor.get().due_at <= timezone.now()
    assert purchase_sync(opened.pk)
    cursor.update(due_at=later)
    purchase_look(purchase=opened)
    assert cursor.get().due_at == later


@pytest.fixture
def granted(opened: Purchase, ready: Claim) -> Callable[[int], Any]:
    """Return a function that says what balance was read after the grant, and whether it lit its light."""
    now = timezone.now()
    Purchase.objects.filter(pk=opened.pk).update(granted_at=now, opened_at=now - timedelta(minutes=1))
    QuotaSnapshot.objects.all().delete()
    QuotaSnapshot.objects.create(agent=ready.agent, taken_at=now - timedelta(minutes=2), paid_credits=40)

    def read(paid: int, *, after: timedelta = timedelta(seconds=5)) -> Any:
        ready.agent.paid_credits, ready.agent.quota_at = paid, now + after
        balance_apply(agent=ready.agent)
        opened.refresh_from_db()
        return opened.balance_moved_at

    return read


def test_balance_that_was_read_before_the_grant_shows_nothing(granted: Callable[..., Any]) -> None:
    assert granted(540, after=-timedelta(seconds=5)) is None
    assert granted(540) is not None


def test_balance_that_has_not_moved_by_the_grant_lights_nothing(granted: Callable[..., Any]) -> None:
    assert granted(40) is None
    assert granted(539) is None
    assert granted(540) is not None


def test_balance_that_is_read_a_day_later_has_another_story(granted: Callable[..., Any]) -> None:
    assert granted(540, after=timedelta(days=2)) is None
