"""Money goes back once, as it was agreed to, whatever is lost, pressed twice or changed in between."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
import time_machine
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.audit.models import AuditEntry
from dashboard.billing.models import Chain, RefundOrder, StripeAccess, StripePayment, StripeRefund
from dashboard.billing.refund_preview import ALL_BACK, DISPUTED, TOO_MUCH, preview_get
from dashboard.billing.refunds import (
    CHANGED,
    NO_RIGHT,
    RefundRefused,
    RefundWish,
    order_carry_out,
    orders_carry_out,
    refund_order,
)
from dashboard.sync.pipeline import agent_sync
from tests.dashboard.billing.conftest import chain_of, checkout, press, settled
from tests.dashboard.billing.rows import refund_ordered
from tests.dashboard.conftest import PlayedAgent
from tests.dashboard.local_stripe import STAND_IN_KEY, stripe, stripe_get

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(platform: str, agent: PlayedAgent, read: Callable[[], None]) -> Chain:
    """A payment of $10.00 whose credits were granted."""
    attempt = checkout(agent, 1_000)
    press(platform, attempt)
    return settled(read, attempt)


def payment_of(chain: Chain) -> StripePayment:
    return StripePayment.objects.get(chain=chain)


def agreed(chain: Chain, amount: int | None = None) -> RefundWish:
    """Agree to what the preview shows now."""
    preview = preview_get(chain, payment_of(chain), amount)
    return RefundWish(preview.amount_cents, "requested_by_customer", "They asked.", preview.digest)


def at_stripe(platform: str, chain: Chain) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = stripe_get(platform, f"refunds?charge={payment_of(chain).charge_id}")["data"]
    return rows


def test_whole_payment_goes_back_and_its_credits_are_taken(
    paid: Chain, platform: str, billing_admin: User, read: Callable[[], None]
) -> None:
    preview = preview_get(paid, payment_of(paid))
    assert (preview.amount_cents, preview.granted, preview.credits_taken) == (1_000, 1_000, 1_000)
    order = refund_order(chain=paid, wish=agreed(paid), user=billing_admin)
    assert order.state == RefundOrder.State.DONE
    (refund,) = at_stripe(platform, paid)
    assert (refund["amount"], refund["metadata"]["dashboard_order"]) == (1_000, str(order.key))
    read()
    payment = payment_of(paid)
    assert payment.refunded_cents == 1_000
    after = preview_get(Chain.objects.get(pk=paid.pk), payment)
    assert (after.refundable_cents, after.why_not, after.taken_before) == (0, ALL_BACK, 1_000)


def test_parts_go_back_until_nothing_is_left(
    paid: Chain, platform: str, billing_admin: User, read: Callable[[], None]
) -> None:
    for amount in (300, 300, 400):
        refund_order(chain=paid, wish=agreed(paid, amount), user=billing_admin)
        read()
        paid = Chain.objects.get(pk=paid.pk)
    assert sorted(row["amount"] for row in at_stripe(platform, paid)) == [300, 300, 400]
    assert paid.hosted_payment is not None
    assert paid.hosted_payment.credits_reversed == 1_000
    with pytest.raises(RefundRefused, match=ALL_BACK):
        refund_order(chain=paid, wish=agreed(paid, 1), user=billing_admin)


def test_more_than_is_left_is_refused(paid: Chain, billing_admin: User) -> None:
    with pytest.raises(RefundRefused, match=TOO_MUCH):
        refund_order(chain=paid, wish=agreed(paid, 1_001), user=billing_admin)
    assert not RefundOrder.objects.exists()


def test_refund_made_elsewhere_meanwhile_asks_to_look_again(paid: Chain, platform: str, billing_admin: User) -> None:
    wish = agreed(paid, 400)
    stripe(platform, "refunds", charge=payment_of(paid).charge_id, amount=100)
    with pytest.raises(RefundRefused, match=CHANGED):
        refund_order(chain=paid, wish=wish, user=billing_admin)
    assert [row["amount"] for row in at_stripe(platform, paid)] == [100]
    assert StripeRefund.objects.get(payment__chain=paid).order_key == ""
    refused = AuditEntry.objects.get(action="refund.ordered")
    assert (refused.outcome, refused.reason) == ("refused", CHANGED)


def test_disputed_money_is_not_given_back_twice(paid: Chain, platform: str, billing_admin: User) -> None:
    stripe(platform, "test_helpers/sandbox/disputes", charge=payment_of(paid).charge_id)
    with pytest.raises(RefundRefused, match=DISPUTED):
        refund_order(chain=paid, wish=agreed(paid), user=billing_admin)
    assert at_stripe(platform, paid) == []


def test_early_warning_can_be_refunded_before_it_becomes_a_dispute(
    paid: Chain, platform: str, billing_admin: User
) -> None:
    stripe(platform, "test_helpers/sandbox/disputes", charge=payment_of(paid).charge_id, inquiry="true")
    wish = agreed(paid)
    order = refund_order(chain=paid, wish=wish, user=billing_admin)
    # Stripe's stand-in, like Stripe without the right to refund an inquiry, may refuse: then the order says so.
    assert order.state in {RefundOrder.State.DONE, RefundOrder.State.REFUSED}
    assert len(at_stripe(platform, paid)) == (order.state == RefundOrder.State.DONE)


def test_key_without_the_right_refunds_nothing(paid: Chain, billing_admin: User, settings: Any) -> None:
    StripeAccess.objects.update_or_create(
        pk=1,
        defaults={
            "livemode": False,
            "key_hint": settings.STRIPE_API_KEY[-4:],
            "grants": {"refund_write": "no"},
            "checked_at": timezone.now(),
        },
    )
    with pytest.raises(RefundRefused) as refusal:
        refund_order(chain=paid, wish=agreed(paid), user=billing_admin)
    assert str(refusal.value) == NO_RIGHT


class LossyStripe:
    """Stands between us and Stripe, carries everything out, and loses as many answers to refunds as it is told."""

    def __init__(self, behind: str) -> None:
        self.behind, self.lose, self.asked = behind, 0, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                named = ("Authorization", "Content-Type", "Idempotency-Key", "Stripe-Version")
                headers = {name: value for name in named if (value := self.headers.get(name))}
                answer = httpx.request(self.command, f"{outer.behind}{self.path}", content=body, headers=headers)
                if self.command == "POST" and self.path.endswith("/refunds"):
                    outer.asked += 1
                    if outer.lose:
                        outer.lose -= 1
                        self.close_connection = True
                        return
                self.send_response(answer.status_code)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_POST = _pass_on  # noqa: N815 - names of the standard library

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def lossy(paid: Chain, platform: str, settings: Any) -> Iterator[LossyStripe]:
    between = LossyStripe(f"{platform}/stripe")
    settings.STRIPE_API_BASE = between.url
    yield between
    between.server.shutdown()
    between.server.server_close()


def test_lost_answers_end_in_one_refund(paid: Chain, platform: str, lossy: LossyStripe, billing_admin: User) -> None:
    lossy.lose = 3
    order = refund_order(chain=paid, wish=agreed(paid, 400), user=billing_admin)
    assert (order.state, order.problem) == (RefundOrder.State.PENDING, "Stripe did not answer as it should.")
    with pytest.raises(RefundRefused, match="on its way"):
        refund_order(chain=paid, wish=agreed(paid, 400), user=billing_admin)
    with time_machine.travel(order.not_before + timedelta(seconds=1), tick=True):
        assert orders_carry_out() == 1
    order.refresh_from_db()
    assert order.state == RefundOrder.State.DONE
    assert [row["amount"] for row in at_stripe(platform, paid)] == [400]


def test_order_that_stripe_never_answered_for_a_day_is_not_sent_again(
    paid: Chain, platform: str, lossy: LossyStripe, billing_admin: User
) -> None:
    order = refund_ordered(paid, billing_admin)
    day_ago = timezone.now() - timedelta(hours=24)
    RefundOrder.objects.filter(pk=order.pk).update(ordered_at=day_ago, tries=5)
    order = order_carry_out(order.pk)
    assert order.state == RefundOrder.State.REFUSED
    assert "might refund twice" in order.problem
    assert (lossy.asked, at_stripe(platform, paid)) == (0, [])


def test_what_stripe_will_not_do_ends_the_order(paid: Chain, platform: str, billing_admin: User) -> None:
    stripe(platform, "refunds", charge=payment_of(paid).charge_id)
    order = refund_ordered(paid, billing_admin)
    assert order_carry_out(order.pk).state == RefundOrder.State.REFUSED
    assert AuditEntry.objects.get(action="refund.made").outcome == "refused"


@pytest.mark.django_db(transaction=True)
def test_twenty_presses_at_once_are_one_refund(
    platform: str, agent: PlayedAgent, read: Callable[[], None], billing_admin: User
) -> None:
    attempt = checkout(agent, 1_000)
    press(platform, attempt)
    chain = settled(read, attempt)
    wish, outcomes, start = agreed(chain, 600), [], threading.Barrier(20)

    def one_press() -> None:
        start.wait()
        try:
            outcomes.append(refund_order(chain=chain, wish=wish, user=billing_admin).state)
        except RefundRefused as refusal:
            outcomes.append(str(refusal))
        finally:
            connection.close()

    presses = [threading.Thread(target=one_press) for _ in range(20)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()
    assert len(outcomes) == 20
    assert [row["amount"] for row in at_stripe(platform, chain)] == [600]
    assert RefundOrder.objects.get().state == RefundOrder.State.DONE


def test_preview_of_a_linked_agent_tells_what_was_spent_and_what_is_left(
    platform: str,
    agent: PlayedAgent,
    workspace: Workspace,
    owner: User,
    make_claim: Callable[..., Any],
    read: Callable[[], None],
) -> None:
    claim = make_claim(agent, workspace, owner)
    attempt = checkout(agent, 500)
    press(platform, attempt)
    settled(read, attempt)
    agent_sync(claim.agent_id, is_forced=True)
    read()
    chain = chain_of(attempt)
    preview = preview_get(chain, payment_of(chain), 200)
    assert (preview.balance, preview.balance_after, preview.is_negative_after) == (500, 300, False)
    if chain.purchase:
        assert preview.spent in {0, None}


def test_refund_is_shown_agreed_to_and_followed_in_pages(
    paid: Chain, platform: str, billing_admin: User, browser_of: Callable[..., Any], read: Callable[[], None]
) -> None:
    browser = browser_of(billing_admin)
    url = reverse("billing:refund_new", args=[paid.key])
    shown = browser.get(f"{url}?amount=4.00")
    assert shown.status_code == 200
    form = shown.context["form"]
    assert form.initial["amount_cents"] == 400
    sent = {**form.initial, "reason": "duplicate", "comment": "Paid twice"}
    answer = browser.post(f"{url}?amount=4.00", sent)
    order = RefundOrder.objects.get()
    assert answer.url == reverse("billing:refund_detail", args=[order.key])
    read()
    page = browser.get(answer.url).content.decode()
    assert "400 credits were taken." in page
    assert "Paid twice" in page
    listed = browser.get(reverse("billing:refund_list")).content.decode()
    assert "$4.00" in listed


def test_old_form_is_refused_and_comes_back_with_what_holds_now(
    paid: Chain, platform: str, billing_admin: User, browser_of: Callable[..., Any]
) -> None:
    browser = browser_of(billing_admin)
    url = reverse("billing:refund_new", args=[paid.key])
    stale = {**browser.get(f"{url}?amount=4.00").context["form"].initial, "reason": "duplicate"}
    stripe(platform, "refunds", charge=payment_of(paid).charge_id, amount=100)
    answer = browser.post(f"{url}?amount=4.00", stale)
    assert answer.status_code == 409
    assert CHANGED in answer.content.decode()
    fresh = answer.context["form"].initial
    assert fresh["seen"] != stale["seen"]
    again = browser.post(f"{url}?amount=4.00", fresh)
    assert again.status_code == 302
    assert sorted(row["amount"] for row in at_stripe(platform, paid)) == [100, 400]


def test_ordering_asks_for_a_fresh_sign_in(
    paid: Chain, platform: str, billing_admin: User, browser_of: Callable[..., Any]
) -> None:
    browser = browser_of(billing_admin, is_fresh=False)
    answer = browser.post(reverse("billing:refund_new", args=[paid.key]), {})
    assert answer.status_code == 302
    assert "/account/" in answer.url
    assert not RefundOrder.objects.exists()


def test_keys_never_stand_in_what_is_kept(paid: Chain, billing_admin: User) -> None:
    refund_order(chain=paid, wish=agreed(paid, 100), user=billing_admin)
    for entry in AuditEntry.objects.all():
        assert STAND_IN_KEY not in f"{entry.before}{entry.after}{entry.reason}"
