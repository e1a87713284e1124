"""The desk's pages: what they show, how they are found and filtered, and what people do on them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.billing.handling import events_handle_due
from dashboard.billing.models import Chain, Finding, StripePayment, StripeRefund, Sweep, WebhookEvent, WebhookRefusal
from dashboard.billing.retention import events_prune
from dashboard.billing.sweeps import sweeps_run_due
from tests.dashboard.asking import statements_of
from tests.dashboard.billing.desk_rows import event_made, everything_read, finding_made, payment_made
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db
Open = Callable[..., str]


@pytest.fixture
def desk(billing_admin: User, browser_of: Callable[[User], Browser]) -> Browser:
    return browser_of(billing_admin)


@pytest.fixture
def seen(desk: Browser) -> Open:
    """Return a function that opens a page of the desk and gives its words."""

    def read(name: str, *args: Any, **query: str) -> str:
        answer = desk.get(reverse(f"billing:{name}", args=args), query)
        assert answer.status_code == 200
        return words(answer)

    return read


@pytest.mark.parametrize(
    "name",
    [
        "payment_attempt_id",
        "quote_id",
        "checkout_session_id",
        "payment_intent_id",
        "charge_id",
        "receipt_id",
        "agent_remote_id",
    ],
)
def test_any_id_of_the_chain_finds_the_payment(name: str, seen: Open) -> None:
    wanted = payment_made(amount_cents=1_234)
    payment_made(amount_cents=9_900)
    said = seen("desk", q=f" {getattr(wanted, name)} ")
    assert "$12.34" in said
    assert "$99.00" not in said
    assert "No purchase fits this filter" in seen("desk", q=f"{getattr(wanted, name)}x")


def test_filter_narrows_to_exceptions_and_to_what_lies_outside(seen: Open) -> None:
    one, other = payment_made(amount_cents=1_234), payment_made(amount_cents=9_900)
    finding_made(one)
    Chain.objects.filter(pk=other.pk).update(hosted_payment=None)
    assert "$12.34" in seen("desk", shown="exceptions")
    assert "$99.00" not in seen("desk", shown="exceptions")
    assert "$99.00" in seen("desk", shown="outside")
    assert "$12.34" not in seen("desk", shown="outside")


def test_desk_says_what_it_cannot_see(seen: Open, settings: Any) -> None:
    assert "What Stripe took is not visible here" in seen("desk")
    settings.STRIPE_API_KEY = "rk_test_any"
    assert "What Stripe took is not visible here" not in seen("desk")
    payment_made()
    everything_read()
    Sweep.objects.create(asked_at=timezone.now())
    assert sweeps_run_due() == 1
    assert "0 of 1 purchases are visible" in seen("desk")


def test_desk_asks_the_database_eight_times_at_most(desk: Browser) -> None:
    for _ in range(3):
        finding_made(payment_made())
    desk.get(reverse("billing:desk"))
    asked = statements_of(lambda: desk.get(reverse("billing:desk")))
    assert asked <= 8


def test_payment_shows_its_three_sides(seen: Open, settings: Any) -> None:
    settings.STRIPE_API_KEY = "rk_test_any"
    chain = payment_made(currency="EUR")
    StripeRefund.objects.create(
        refund_id="re_1",
        payment=chain.stripe_payment,
        amount_cents=200,
        currency="EUR",
        status="succeeded",
        livemode=False,
        created_at=timezone.now(),
        fetched_at=timezone.now(),
    )
    said = seen("chain_detail", chain.key)
    assert "Stripe took 5.00 EUR Paid Fee $0.45 Net $4.55" in said
    assert "Image Skill sold 500 credits" in said
    assert "The ledger granted Nothing" in said
    assert "Refund re_1" in said


def test_exception_is_taken_noted_ignored_and_opened_again_and_audited(
    desk: Browser, seen: Open, billing_admin: User
) -> None:
    finding = finding_made(payment_made())
    assert "Stripe took $5.00, the ledger shows nothing." in seen("finding_list")
    acts = (
        ("finding_assignment", {"who": "me"}),
        ("finding_note", {"text": "Asked Ana."}),
        ("finding_ignore", {"reason": "A test of ours"}),
    )
    for name, sent in acts:
        assert desk.post(reverse(f"billing:{name}", args=[finding.key]), sent).status_code == 302
    finding.refresh_from_db()
    assert (finding.assignee, finding.state, finding.reason) == (billing_admin, "ignored", "A test of ours")
    said = seen("finding_detail", finding.key)
    assert "Note Asked Ana." in said
    assert finding.sentence in seen("finding_list", state="ignored")
    desk.post(reverse("billing:finding_reopen", args=[finding.key]))
    finding.refresh_from_db()
    assert finding.state == "open"
    written = list(AuditEntry.objects.filter(subject_kind="exception").order_by("pk").values_list("action", flat=True))
    assert written == ["finding.assigned", "finding.noted", "finding.ignored", "finding.reopened"]
    ignored = AuditEntry.objects.get(action="finding.ignored")
    assert (ignored.before, ignored.after) == ({"state": "open"}, {"state": "ignored", "reason": "A test of ours"})


@pytest.mark.parametrize(("name", "sent"), [("finding_ignore", {"reason": " "}), ("finding_note", {"text": ""})])
def test_a_reason_or_note_must_be_given(name: str, sent: dict[str, str], desk: Browser) -> None:
    finding = finding_made()
    assert desk.post(reverse(f"billing:{name}", args=[finding.key]), sent).status_code == 422
    finding.refresh_from_db()
    assert finding.state == "open"


def test_ignored_exception_comes_back_only_when_its_figures_change(settings: Any) -> None:
    settings.STRIPE_API_KEY = "rk_test_any"
    chain = payment_made(amount_cents=900)
    everything_read()

    def sweep() -> tuple[int, int]:
        Sweep.objects.create(asked_at=timezone.now())
        assert sweeps_run_due() == 1
        done = Sweep.objects.latest("pk")
        return done.found, done.settled

    assert sweep() == (1, 0)
    Finding.objects.update(state="ignored")
    assert sweep() == (0, 0)
    StripePayment.objects.update(amount_cents=800)
    assert sweep() == (1, 0)
    finding = Finding.objects.get()
    assert (finding.state, finding.sentence) == ("open", "Stripe took $8.00, the order says $5.00.")
    StripePayment.objects.update(amount_cents=500)
    assert sweep() == (0, 1)
    assert list(finding.steps.order_by("pk").values_list("what", flat=True)) == ["found", "back", "settled"]
    assert chain.findings.get().closed_at is not None


def test_sweep_of_a_period_leaves_the_rest_alone(settings: Any, desk: Browser) -> None:
    settings.STRIPE_API_KEY = "rk_test_any"
    old = payment_made(amount_cents=900)
    everything_read()
    Sweep.objects.create(asked_at=timezone.now())
    sweeps_run_due()
    StripePayment.objects.update(amount_cents=500)
    tomorrow = (timezone.now() + timedelta(days=1)).date().isoformat()
    assert desk.post(reverse("billing:sweep_new"), {"since": tomorrow}).status_code == 302
    assert sweeps_run_due() == 1
    assert Sweep.objects.latest("pk").payments == 0
    assert old.findings.get().state == "open"
    assert AuditEntry.objects.filter(action="sweep.asked").count() == 1


def test_payload_is_shown_without_persons(seen: Open) -> None:
    said = seen("event_detail", event_made().key)
    assert '"amount": 500' in said
    assert "Ana Payer" not in said
    assert "[left out]" in said


def test_what_failed_is_processed_again_by_its_filter_with_progress(desk: Browser, settings: Any) -> None:
    settings.STRIPE_API_KEY = "rk_test_any"
    plain = {"object_kind": "customer", "payment_intent_id": ""}
    for _ in range(3):
        event_made(state="failed", **plain)
    untouched = event_made(state="ignored", **plain)
    answer = desk.post(f"{reverse('billing:events_process')}?state=failed")
    progress = answer["Location"]
    assert "0 of 3 done" in words(desk.get(progress))
    assert events_handle_due() == 3
    assert "Done: 3 webhooks processed again" in words(desk.get(progress, headers={"X-Fragment": "1"}))
    untouched.refresh_from_db()
    assert untouched.replay is None
    assert AuditEntry.objects.get(action="event.replayed").after == {"webhooks": 3}


def test_webhook_is_put_aside_with_a_reason(desk: Browser, seen: Open) -> None:
    event = event_made(state="failed")
    url = reverse("billing:event_ignore", args=[event.key])
    assert desk.post(url, {"reason": ""}).status_code == 422
    assert desk.post(url, {"reason": "Of another shop"}).status_code == 302
    event.refresh_from_db()
    assert (event.state, event.reason) == ("ignored", "Of another shop")
    assert "Of another shop" in seen("event_detail", event.key)


def test_inbox_warns_when_it_is_quiet_for_longer_than_usual(seen: Open, settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_any"]
    now = timezone.now()
    for minutes in range(0, 60, 10):
        event_made(received_at=now - timedelta(hours=1, minutes=30 + minutes))
    assert "No webhook for longer than usual" in seen("event_list")
    event_made(received_at=now)
    assert "No webhook for longer than usual" not in seen("event_list")


def test_inbox_says_what_only_the_list_told(seen: Open, settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_any"]
    ago = timezone.now() - timedelta(minutes=30)
    event_made(received_at=ago - timedelta(minutes=1))
    listed = event_made(origin="listed", created_at=ago, received_at=timezone.now())
    said = "1 event of the last day did not reach us by webhook"
    assert said not in seen("event_list")
    WebhookEvent.objects.filter(pk=listed.pk).update(received_at=ago)
    assert said in seen("event_list")


def test_refused_requests_are_counted_on_the_page(seen: Open) -> None:
    WebhookRefusal.objects.create(day=timezone.now().date(), reason="forged", count=17, last_at=timezone.now())
    assert "Signed by somebody else 17" in seen("event_list")


def test_retention_forgets_what_is_done_and_keeps_what_failed(settings: Any) -> None:
    settings.STRIPE_WEBHOOK_KEPT_DAYS = 30
    old = timezone.now() - timedelta(days=31)
    for state in ("handled", "ignored", "failed", "unhandled"):
        event_made(state=state, received_at=old)
    event_made(state="handled")
    assert events_prune() == 2
    assert WebhookEvent.objects.count() == 3


def test_connecting_begins_with_a_key_and_ends_with_an_event(seen: Open, settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = []
    assert "A key of Stripe Set STRIPE_API_KEY" in seen("connect")
    settings.STRIPE_API_KEY, settings.STRIPE_WEBHOOK_SECRETS = "rk_test_any", ["whsec_any"]
    said = seen("connect")
    assert "A key of Stripe is configured" in said
    assert "Press the button" in said
    assert "What this restricted key may do" in said
    event_made()
    assert "The first verified event came" in seen("connect")


def test_key_is_tried_and_what_it_may_not_do_is_said(
    desk: Browser, seen: Open, stripe_connected: str, settings: Any
) -> None:
    assert desk.post(reverse("billing:access_trial")).status_code == 302
    said = seen("connect")
    assert "The key may read everything" in said
    assert "Refunding from here Yes" in said
    assert AuditEntry.objects.get(action="stripe.checked").after["grants"]["refund_write"] == "yes"
    settings.STRIPE_API_KEY = "sk_test_of_nobody"
    desk.post(reverse("billing:access_trial"))
    assert "The key may not read everything" in seen("connect")
    assert "Refunding from here No" in seen("connect")


def test_no_page_of_the_desk_shows_a_key_or_secret(seen: Open, settings: Any) -> None:
    settings.STRIPE_API_KEY, settings.STRIPE_WEBHOOK_SECRETS = "rk_test_canary", ["whsec_canary"]
    for name in ("desk", "finding_list", "event_list", "connect"):
        assert "canary" not in seen(name)
