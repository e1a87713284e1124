"""A dispute is answered once, in time, with what our rows know and nothing more."""

import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from dashboard.accounts.models import User
from dashboard.agents.models import Claim
from dashboard.audit.models import AuditEntry
from dashboard.billing.dispute_selectors import clock_of
from dashboard.billing.disputes import (
    HANDED_IN,
    NO_RIGHT,
    OTHER_VERSION,
    OVER,
    TOO_LONG,
    AnswerRefused,
    answer_carry_out,
    answer_get,
    answer_save,
    answer_submit,
    answers_carry_out,
    disputes_remind,
)
from dashboard.billing.evidence import FIELDS, MOST_OF_A_TEXT, cut, evidence_texts
from dashboard.billing.models import Chain, DisputeAnswer, StripeAccess, StripeDispute
from dashboard.credits.services import purchase_open, purchase_start
from dashboard.notify.models import OutboxMail
from dashboard.sync.pipeline import agent_sync
from tests.dashboard.billing.conftest import checkout, press, settled
from tests.dashboard.billing.rows import disputed, paid_chain
from tests.dashboard.conftest import PlayedAgent
from tests.dashboard.credits.paying import STARTER, prices_read
from tests.dashboard.local_stripe import stripe, stripe_get

pytestmark = pytest.mark.django_db


@pytest.fixture
def dispute(platform: str, agent: PlayedAgent, read: Callable[[], None]) -> StripeDispute:
    """A dispute of $10.00 whose credits the agent had."""
    attempt = checkout(agent, 1_000)
    press(platform, attempt)
    chain = settled(read, attempt)
    agent.create("a red boat")
    return dispute_opened(platform, chain, read)


def dispute_opened(platform: str, chain: Chain, read: Callable[[], None]) -> StripeDispute:
    """The payer disputes what a chain paid, and the desk reads of it."""
    assert chain.stripe_payment is not None
    stripe(platform, "test_helpers/sandbox/disputes", charge=chain.stripe_payment.charge_id)
    read()
    return StripeDispute.objects.get(payment=chain.stripe_payment)


def written(dispute: StripeDispute, user: User, **texts: str) -> DisputeAnswer:
    """Save a draft of what was gathered, with some texts of our own."""
    draft = answer_get(dispute)
    return answer_save(
        dispute=dispute, texts=draft.texts | texts, has_file=draft.has_file, version=draft.version, user=user
    )


def at_stripe(platform: str, dispute: StripeDispute) -> dict[str, Any]:
    return stripe_get(platform, f"disputes/{dispute.dispute_id}")


def test_answer_is_gathered_from_our_rows(dispute: StripeDispute, agent: PlayedAgent) -> None:
    texts = evidence_texts(dispute)
    assert set(texts) == set(FIELDS)
    assert "1000 credits" in texts["product_description"]
    assert agent.remote_id in texts["product_description"]
    assert "job_" in texts["access_activity_log"]
    assert texts["service_date"] == f"{timezone.now():%Y-%m-%d}"
    assert "opened this payment itself" in texts["uncategorized_text"]
    assert not DisputeAnswer.objects.exists()


def test_draft_is_written_edited_and_handed_in_once_with_the_pdf(
    dispute: StripeDispute, platform: str, billing_admin: User
) -> None:
    answer = written(dispute, billing_admin, customer_name="Olga")
    answer = answer_submit(dispute=dispute, version=answer.version, user=billing_admin)
    assert (answer.state, answer.problem) == (DisputeAnswer.State.SENT, "")
    told = at_stripe(platform, dispute)
    assert told["evidence"]["customer_name"] == "Olga"
    assert told["evidence_details"]["submission_count"] == 1
    file = stripe_get(platform, f"files/{told['evidence']['service_documentation']}")
    assert (file["type"], file["purpose"]) == ("pdf", "dispute_evidence")
    dispute.refresh_from_db()
    assert (dispute.status, dispute.submissions) == ("under_review", 1)
    for again in (
        lambda: answer_submit(dispute=dispute, version=answer.version, user=billing_admin),
        lambda: written(dispute, billing_admin, customer_name="Otto"),
    ):
        with pytest.raises(AnswerRefused, match=HANDED_IN):
            again()
    assert at_stripe(platform, dispute)["evidence_details"]["submission_count"] == 1


@pytest.mark.parametrize(("word", "outcome"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_outcome_and_fee_come_back(
    word: str,
    outcome: str,
    dispute: StripeDispute,
    platform: str,
    billing_admin: User,
    read: Callable[[], None],
) -> None:
    answer = written(dispute, billing_admin, uncategorized_text=word)
    answer_submit(dispute=dispute, version=answer.version, user=billing_admin)
    read()
    dispute.refresh_from_db()
    taken = 0 if outcome == "won" else -1_000
    assert (dispute.status, dispute.fee_cents, dispute.net_cents) == (outcome, 1_500, taken - 1_500)
    assert clock_of(dispute).text == ""


def test_two_who_write_at_once_never_overwrite_each_other(dispute: StripeDispute, billing_admin: User) -> None:
    begun = answer_get(dispute)
    written(dispute, billing_admin, customer_name="First")
    with pytest.raises(AnswerRefused, match="Somebody else"):
        answer_save(
            dispute=dispute,
            texts={"customer_name": "Second"},
            has_file=True,
            version=begun.version,
            user=billing_admin,
        )
    assert answer_get(dispute).texts["customer_name"] == "First"


def test_only_the_version_that_was_seen_is_handed_in(
    dispute: StripeDispute, platform: str, billing_admin: User
) -> None:
    seen = written(dispute, billing_admin, customer_name="First").version
    written(dispute, billing_admin, customer_name="Second")
    with pytest.raises(AnswerRefused) as refusal:
        answer_submit(dispute=dispute, version=seen, user=billing_admin)
    assert str(refusal.value) == OTHER_VERSION
    assert at_stripe(platform, dispute)["evidence_details"]["submission_count"] == 0


@pytest.mark.django_db(transaction=True)
def test_ten_presses_hand_in_once(
    platform: str, agent: PlayedAgent, read: Callable[[], None], billing_admin: User
) -> None:
    attempt = checkout(agent)
    press(platform, attempt)
    payment = settled(read, attempt).stripe_payment
    assert payment is not None
    stripe(platform, "test_helpers/sandbox/disputes", charge=payment.charge_id)
    read()
    dispute = StripeDispute.objects.get(payment=payment)
    version = written(dispute, billing_admin).version
    start, refused = threading.Barrier(10), []

    def one_press() -> None:
        start.wait()
        try:
            answer_submit(dispute=dispute, version=version, user=billing_admin)
        except AnswerRefused as refusal:
            refused.append(str(refusal))
        finally:
            connection.close()

    presses = [threading.Thread(target=one_press) for _ in range(10)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()
    assert refused == [HANDED_IN] * 9
    assert at_stripe(platform, dispute)["evidence_details"]["submission_count"] == 1


def test_answer_that_stripe_heard_without_telling_us_is_not_handed_in_again(
    dispute: StripeDispute, platform: str, billing_admin: User
) -> None:
    answer = written(dispute, billing_admin)
    stripe(platform, f"disputes/{dispute.dispute_id}", **{"evidence[customer_name]": "Olga", "submit": "true"})
    DisputeAnswer.objects.filter(pk=answer.pk).update(
        state="sending", tries=1, not_before=timezone.now(), sent_by=billing_admin, sent_at=timezone.now()
    )
    assert answer_carry_out(answer.pk).state == DisputeAnswer.State.SENT
    assert at_stripe(platform, dispute)["evidence_details"]["submission_count"] == 1


def test_stripe_away_leaves_the_wish_and_it_is_carried_out_later(
    dispute: StripeDispute, platform: str, billing_admin: User, settings: Any
) -> None:
    version, base = written(dispute, billing_admin).version, settings.STRIPE_API_BASE
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    answer = answer_submit(dispute=dispute, version=version, user=billing_admin)
    assert (answer.state, answer.problem) == (DisputeAnswer.State.SENDING, "Stripe did not answer as it should.")
    settings.STRIPE_API_BASE = base
    assert answer.not_before is not None
    with time_machine.travel(answer.not_before + timedelta(seconds=1), tick=True):
        assert answers_carry_out() == 1
    answer.refresh_from_db()
    assert answer.state == DisputeAnswer.State.SENT


def test_what_stripe_refuses_gives_the_draft_back(dispute: StripeDispute, platform: str, billing_admin: User) -> None:
    answer = written(dispute, billing_admin)
    stripe(platform, f"disputes/{dispute.dispute_id}/close")
    answer = answer_submit(dispute=dispute, version=answer.version, user=billing_admin)
    assert (answer.state, answer.problem) == (DisputeAnswer.State.DRAFT, "Stripe refused the request.")
    assert AuditEntry.objects.filter(action="dispute.answer_sent", outcome="refused").count() == 1


def test_what_is_over_cannot_be_answered(billing_admin: User, settings: Any) -> None:
    settings.STRIPE_API_KEY = "rk_test_of_nobody"
    lost = disputed(paid_chain(), status="lost")
    version = written(lost, billing_admin).version
    with pytest.raises(AnswerRefused, match=OVER):
        answer_submit(dispute=lost, version=version, user=billing_admin)


def test_key_without_the_right_hands_nothing_in(billing_admin: User, settings: Any) -> None:
    settings.STRIPE_API_KEY = "rk_test_of_nobody"
    StripeAccess.objects.create(
        pk=StripeAccess.ONLY,
        livemode=False,
        key_hint="body",
        grants={"dispute_write": "no"},
        checked_at=timezone.now(),
    )
    dispute = disputed(paid_chain())
    with pytest.raises(AnswerRefused) as refusal:
        answer_submit(dispute=dispute, version=written(dispute, billing_admin).version, user=billing_admin)
    assert str(refusal.value) == NO_RIGHT


def test_texts_stay_within_stripes_limits(billing_admin: User) -> None:
    long = cut([f"line {number}" for number in range(10_000)])
    assert len(long) <= MOST_OF_A_TEXT
    assert long.endswith("more, kept by us.")
    with pytest.raises(AnswerRefused) as refusal:
        written(disputed(paid_chain()), billing_admin, customer_name="x" * 150_001)
    assert str(refusal.value) == TOO_LONG


def test_deadlines_are_told_at_seven_days_two_days_and_one(billing_admin: User) -> None:
    dispute = disputed(paid_chain(), days=8)
    told = []
    for hours in (0, 25, 25, 8 * 24 - 47, 8 * 24 - 23, 8 * 24 - 23, 8 * 24 + 1):
        with time_machine.travel(dispute.created_at + timedelta(hours=hours), tick=False):
            disputes_remind()
            told.append(OutboxMail.objects.count())
    assert told == [0, 1, 1, 2, 3, 3, 3]
    subjects = OutboxMail.objects.order_by("pk").values_list("subject", flat=True)
    assert [subject.rpartition("within ")[2] for subject in subjects] == ["7 days", "2 days", "24 hours"]
    assert f"/billing/disputes/{dispute.dispute_id}/" in OutboxMail.objects.all()[0].text


def test_nobody_is_reminded_of_what_was_handed_in_or_is_over(billing_admin: User) -> None:
    StripeDispute.objects.filter(pk=disputed(paid_chain(), days=1).pk).update(submissions=1)
    disputed(paid_chain(intent="pi_2"), days=1, status="lost", dispute_id="dp_2")
    assert disputes_remind() == 0


@pytest.mark.parametrize(
    ("days", "tone"), [(20, "info"), (6, "warn"), (1, "bad"), (-1, "bad")], ids=["far", "soon", "very soon", "over"]
)
def test_clock_says_how_near_the_deadline_is(days: float, tone: str) -> None:
    assert clock_of(disputed(paid_chain(), days=days)).tone == tone


def test_sponsors_purchase_names_who_linked_and_who_opened(
    platform: str, claim: Claim, owner: User, read: Callable[[], None]
) -> None:
    prices_read()
    assert agent_sync(claim.agent_id, is_forced=True)
    claim.agent.refresh_from_db()
    started = purchase_start(claim=claim, user=owner, terms=STARTER, form_key=uuid.uuid4())
    purchase = purchase_open(purchase=started, user=owner)
    press(platform, purchase)
    texts = evidence_texts(dispute_opened(platform, settled(read, purchase), read))
    told = [line.partition("UTC  ")[2] for line in texts["uncategorized_text"].splitlines()]
    assert told == [
        f"{owner.email}: linked the agent and agreed that it may ask to be paid for",
        f"{owner.email}: asked for the price of these credits",
        f"{owner.email}: opened this payment",
    ]
    assert texts["customer_email_address"] == owner.email


def test_what_the_agent_paid_before_undisputed_is_told(
    platform: str, agent: PlayedAgent, read: Callable[[], None]
) -> None:
    first = checkout(agent, 300)
    press(platform, first)
    settled(read, first)
    # Stripe's times are whole seconds, and two payments of one second are not before each other.
    time.sleep(1 - time.time() % 1)
    attempt = checkout(agent, 500)
    press(platform, attempt)
    dispute = dispute_opened(platform, settled(read, attempt), read)
    assert "paid $3.00 USD before, undisputed" in evidence_texts(dispute)["uncategorized_text"]


def test_pages_list_write_hand_in_and_print(
    dispute: StripeDispute, platform: str, billing_admin: User, browser_of: Callable[..., Any]
) -> None:
    browser = browser_of(billing_admin)
    assert dispute.dispute_id in browser.get(reverse("billing:dispute_list")).content.decode()
    url = reverse("billing:dispute_detail", args=[dispute.dispute_id])
    page = browser.get(url)
    assert "Answer to get it again" in page.content.decode()
    sent = {**page.context["form"].initial, "customer_name": "<b>Olga</b>", "has_file": "on"}
    assert browser.post(url, sent).status_code == 302
    assert browser.post(url, sent).status_code == 409
    pdf = browser.post(reverse("billing:dispute_pdf", args=[dispute.dispute_id])).content
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    assert dispute.dispute_id in text
    assert "<b>Olga</b>" in text
    submit = reverse("billing:dispute_submit", args=[dispute.dispute_id])
    assert browser.post(submit, {"version": "x"}).status_code == 409
    assert browser.post(submit, {"version": "1"}).status_code == 302
    shown = browser.get(url).content.decode()
    assert "&lt;b&gt;Olga&lt;/b&gt;" in shown
    assert "Hand in for good" not in shown


def test_handing_in_asks_for_a_fresh_sign_in(browser_of: Callable[..., Any], billing_admin: User) -> None:
    dispute = disputed(paid_chain())
    written(dispute, billing_admin)
    browser = browser_of(billing_admin, is_fresh=False)
    answer = browser.post(reverse("billing:dispute_submit", args=[dispute.dispute_id]), {"version": "1"})
    assert answer["Location"].startswith("/account/login/")
    assert answer_get(dispute).is_draft
