"""What goes wrong between us and the service: each has its state, nothing is bought twice, nothing is lost."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.agents.models import Agent, Claim
from dashboard.agents.services import claim_release
from dashboard.credits.models import PriceList, Purchase, Receipt
from dashboard.credits.services import POLLER_TAKES_OVER, purchase_open
from dashboard.credits.terms import Terms
from dashboard.credits.withheld import BuyingWithheld, buying_withheld
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.freshness.services import cursor_open
from dashboard.sync.pipeline import agent_sync
from dashboard.sync.purchases import purchase_sync
from dashboard.sync.services import due_take
from tests.dashboard.credits.paying import CHECKOUT, STARTER, Wire, poll

pytestmark = pytest.mark.django_db
SESSIONS = "/v1/credit-purchases/stripe-checkout-sessions"


class Killed(BaseException):
    """The process is gone: nothing of ours may catch this."""


def lost_after(path: str, error: BaseException) -> Callable[[httpx.Request], None]:
    def after(request: httpx.Request) -> None:
        if request.url.path == path:
            raise error

    return after


def refusal(status: int, code: str, **recovery: Any) -> Callable[[httpx.Request], httpx.Response]:
    error = {"code": code, "message": "no", "retryable": False, "recovery": recovery}
    envelope = {"ok": False, "trace_id": "trace_1", "warnings": [], "error": error}
    return lambda _request: httpx.Response(status, json=envelope)


def cursor_of(purchase: Purchase) -> SyncCursor:
    return SyncCursor.objects.get(stream=Stream.PURCHASE, subject_id=purchase.pk)


@pytest.mark.parametrize("error", [httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")])
def test_quote_whose_answer_was_lost_is_settled_with_the_same_key(
    start: Callable[..., Purchase], wire: Callable[..., Wire], error: Exception
) -> None:
    lossy = wire(lost_after("/v1/credit-quotes", error))
    purchase = start()
    assert (purchase.state, purchase.quote_id) == ("quoting", "")
    assert purchase.problem_code
    assert start() == purchase, "nobody asks for a second price meanwhile"
    lossy.after = None
    assert poll(purchase).state == "quoted"
    assert purchase.problem_code == ""
    assert {key for _, key in lossy.writes} == {purchase.quote_key}


def test_checkout_whose_answer_was_lost_is_settled_with_the_same_key(
    start: Callable[..., Purchase], owner: User, wire: Callable[..., Wire]
) -> None:
    purchase = start()
    lossy = wire(lost_after(SESSIONS, httpx.ReadTimeout("slow")))
    assert purchase_open(purchase=purchase, user=owner).state == "opening"
    assert purchase_open(purchase=purchase, user=owner).state == "opening", "a second press opens nothing"
    lossy.after = None
    assert poll(purchase).state == "open"
    assert {key for _, key in lossy.writes} == {purchase.attempt_key}


def test_process_killed_after_the_service_accepted_loses_nothing(
    start: Callable[..., Purchase], owner: User, wire: Callable[..., Wire]
) -> None:
    purchase = start()
    lossy = wire(lost_after(SESSIONS, Killed()))
    with pytest.raises(Killed):
        purchase_open(purchase=purchase, user=owner)
    purchase.refresh_from_db()
    assert (purchase.state, purchase.payment_attempt_id) == ("opening", "")
    assert due_take(Stream.PURCHASE) == []
    lossy.after = None
    with time_machine.travel(timezone.now() + POLLER_TAKES_OVER, tick=True):
        assert due_take(Stream.PURCHASE) == [purchase.pk]
        assert purchase_sync(purchase.pk)
    purchase.refresh_from_db()
    assert purchase.state == "open"
    assert len({key for path, key in lossy.writes if path == SESSIONS}) == 1


def test_killed_poller_is_followed_by_another(start: Callable[..., Purchase], wire: Callable[..., Wire]) -> None:
    lossy = wire(lost_after("/v1/credit-quotes", httpx.ReadTimeout("slow")))
    purchase = start()
    lossy.after = lost_after("/v1/credit-quotes", Killed())
    with pytest.raises(Killed):
        purchase_sync(purchase.pk, is_forced=True)
    lossy.after = None
    SyncCursor.objects.filter(subject_id=purchase.pk).update(running_since=None, run_token=None)
    assert poll(purchase).state == "quoted"
    assert {key for _, key in lossy.writes} == {purchase.quote_key}


def test_key_conflict_ends_the_purchase_and_a_new_press_has_a_new_key(
    start: Callable[..., Purchase], hosted_answers: Callable[..., None], ready: Claim, settings: Any
) -> None:
    hosted_answers(refusal(409, "CREDIT_QUOTE_CONFLICT", suggested_command="evil"))
    purchase = start()
    assert (purchase.state, purchase.problem_code) == ("refused", "CREDIT_QUOTE_CONFLICT")
    settings.API_TRANSPORT = None
    assert start().quote_key != purchase.quote_key


@pytest.mark.parametrize(
    ("code", "status", "state"),
    [
        ("CREDIT_QUOTE_EXPIRED", 409, "expired"),
        ("CREDIT_QUOTE_PAID", 409, "processing"),
        ("INVALID_ARGUMENTS", 400, "refused"),
        ("CREDIT_QUOTE_NOT_FOUND", 404, "refused"),
        ("PAYMENT_METHOD_UNAVAILABLE", 409, "refused"),
        ("PROVIDER_FAILURE", 502, "opening"),
        ("RATE_LIMITED", 429, "opening"),
        ("AUTH_REQUIRED", 401, "opening"),
    ],
)
def test_refused_checkout_comes_to_a_designed_state(
    start: Callable[..., Purchase],
    owner: User,
    hosted_answers: Callable[..., None],
    code: str,
    status: int,
    state: str,
) -> None:
    purchase = start()
    hosted_answers(refusal(status, code))
    opened = purchase_open(purchase=purchase, user=owner)
    assert (opened.state, opened.problem_code, opened.problem_trace_id) == (state, code, "trace_1")


def test_paid_quote_is_found_by_its_status(
    start: Callable[..., Purchase], owner: User, hosted_answers: Callable[..., None], settings: Any
) -> None:
    purchase = start()
    hosted_answers(refusal(409, "CREDIT_QUOTE_PAID"))
    purchase_open(purchase=purchase, user=owner)
    settings.API_TRANSPORT = None
    assert poll(purchase).state == "processing", "created is no step back"


def test_refused_token_keeps_the_purchase_and_wakes_the_agents_own_stream(
    opened: Purchase, hosted_answers: Callable[..., None]
) -> None:
    SyncCursor.objects.filter(stream=Stream.AGENT).update(synced_at=timezone.now() - timedelta(minutes=1))
    hosted_answers(refusal(401, "AUTH_REQUIRED"))
    assert not purchase_sync(opened.pk, is_forced=True)
    opened.refresh_from_db()
    assert (opened.state, opened.problem_code) == ("open", "AUTH_REQUIRED")
    assert SyncCursor.objects.get(stream=Stream.AGENT).due_at <= timezone.now()


def test_purchase_of_an_unlinked_agent_rests_and_goes_on_after_a_new_link(
    opened: Purchase, ready: Claim, owner: User, agent: Any, make_claim: Callable[..., Claim]
) -> None:
    claim_release(claim=ready, user=owner)
    assert not purchase_sync(opened.pk, is_forced=True)
    assert cursor_of(opened).stopped == "released"
    claim = make_claim(agent, ready.workspace, owner)
    assert agent_sync(claim.agent_id, is_forced=True)
    assert cursor_of(opened).stopped == ""
    assert poll(opened).state == "open"


def test_purchase_of_a_refused_token_rests(opened: Purchase, ready: Claim) -> None:
    Claim.objects.filter(pk=ready.pk).update(token_refused_at=timezone.now())
    assert not purchase_sync(opened.pk, is_forced=True)
    assert cursor_of(opened).stopped == "token_refused"


def test_trouble_of_the_service_backs_off_and_changes_nothing(
    opened: Purchase, hosted_answers: Callable[..., None]
) -> None:
    hosted_answers(lambda _request: httpx.Response(502, text="Bad gateway"))
    assert not purchase_sync(opened.pk, is_forced=True)
    assert cursor_of(opened).due_at > timezone.now()
    opened.refresh_from_db()
    assert opened.state == "open"


def quote_of(**changes: Any) -> Callable[[httpx.Request], httpx.Response]:
    quote = {
        "quote_id": "quote_x",
        "credits": 500,
        "price_amount_cents": 500,
        "accepted_payment_method": CHECKOUT,
        **changes,
    }
    return lambda _request: httpx.Response(
        200, json={"ok": True, "trace_id": "trace_1", "warnings": [], "data": quote, "error": None}
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"accepted_payment_method": "stripe_x402.exact.usdc"},
        {"credits": 499},
        {"credits": 0},
        {"price_amount_cents": 0},
        {"price_amount_cents": -500},
    ],
)
def test_quote_for_other_terms_is_refused(
    start: Callable[..., Purchase], hosted_answers: Callable[..., None], changes: dict[str, Any]
) -> None:
    hosted_answers(quote_of(**changes))
    purchase = start(Terms(500, "", CHECKOUT))
    assert (purchase.state, purchase.problem_code) == ("refused", "QUOTE_MISMATCH")


def test_checkout_over_another_amount_is_never_shown(
    start: Callable[..., Purchase], owner: User, hosted_answers: Callable[..., None]
) -> None:
    purchase = start()
    attempt = {
        "state": "action_required",
        "quote_id": purchase.quote_id,
        "payment_attempt_id": "payatt_1",
        "amount_cents": 5_000,
        "checkout_url": "https://checkout.stripe.com/x",
    }
    hosted_answers(quote_of(**attempt))
    opened = purchase_open(purchase=purchase, user=owner)
    assert (opened.state, opened.hand_off_url, opened.hand_off_refused) == ("open", "", True)


def test_foreign_hand_off_is_no_link_and_said_so(
    start: Callable[..., Purchase], owner: User, hosted_answers: Callable[..., None]
) -> None:
    purchase = start()
    attempt = {
        "state": "action_required",
        "quote_id": purchase.quote_id,
        "payment_attempt_id": "payatt_1",
        "checkout_handoff_url": "https://evil.example/pay",
    }
    hosted_answers(quote_of(**attempt))
    opened = purchase_open(purchase=purchase, user=owner)
    assert (opened.state, opened.hand_off_url, opened.hand_off_refused) == ("open", "", True)


@pytest.mark.parametrize("word", [{"state": "in_a_new_way"}, {"attempt_status": "requires_action"}, {}])
def test_checkout_that_is_told_of_in_an_unknown_word_is_open(
    start: Callable[..., Purchase], owner: User, hosted_answers: Callable[..., None], word: dict[str, str]
) -> None:
    purchase = start()
    hosted_answers(quote_of(quote_id=purchase.quote_id, payment_attempt_id="payatt_1", **word))
    opened = purchase_open(purchase=purchase, user=owner)
    assert (opened.state, opened.remote_state) == ("open", word.get("state") or word.get("attempt_status", ""))


def test_second_receipt_for_one_purchase_is_refused(opened: Purchase, hosted_answers: Callable[..., None]) -> None:
    def told(receipt_id: str) -> dict[str, Any]:
        quote = {"quote_id": opened.quote_id, "credits": 500, "price_amount_cents": 500}
        return {"state": "succeeded", "quote": quote, "receipt": {"receipt_id": receipt_id}}

    for receipt_id in ("receipt_1", "receipt_2"):
        hosted_answers(quote_of(**told(receipt_id)))
        cursor_open(stream=Stream.PURCHASE, subject_id=opened.pk, label="x")
        poll(opened)
    opened.refresh_from_db()
    assert (opened.state, opened.receipt_id) == ("succeeded", "receipt_1")
    assert Receipt.objects.get().remote_id == "receipt_1"


def withheld(claim: Claim) -> str:
    reason = buying_withheld(claim)
    return reason.code if reason else ""


def test_buying_is_withheld_with_its_reason(ready: Claim, start: Callable[..., Purchase]) -> None:
    assert withheld(ready) == ""
    with time_machine.travel(timezone.now() + timedelta(minutes=21)):
        assert withheld(ready) == "stale"
        with pytest.raises(BuyingWithheld, match="could not be read lately"):
            start()
    SyncCursor.objects.filter(stream=Stream.AGENT).update(attempts=3)
    assert withheld(ready) == "stale"
    SyncCursor.objects.filter(stream=Stream.AGENT).update(attempts=0)
    PriceList.objects.update(synced_at=timezone.now() - timedelta(hours=3))
    assert withheld(ready) == "no_prices"
    Agent.objects.update(claim_state="revoked")
    ready.agent.refresh_from_db()
    assert withheld(ready) == "blocked"
    ready.released_at = timezone.now()
    assert withheld(ready) == "unlinked"
    assert not Purchase.objects.exists()


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (Terms(None, "starter-500", "fake"), "rail"),
        (Terms(None, "no-such-pack", CHECKOUT), "terms"),
        (Terms(5_001, "", CHECKOUT), "terms"),
        (Terms(0, "", CHECKOUT), "terms"),
    ],
)
def test_terms_that_are_not_on_sale_are_withheld(start: Callable[..., Purchase], terms: Terms, code: str) -> None:
    with pytest.raises(BuyingWithheld) as told:
        start(terms)
    assert told.value.reason.code == code


def test_rail_that_is_not_wholly_offered_and_amounts_out_of_bounds_are_withheld(
    start: Callable[..., Purchase],
) -> None:
    row = PriceList.objects.get()
    for change, code in (
        ({"purchasable": False, "unavailable_reason": "Closed for repairs."}, "rail"),
        ({"quoteable": False}, "rail"),
        ({"max_amount_cents": 499}, "limits"),
        ({"min_amount_cents": 501}, "limits"),
    ):
        methods = [{**method, **change} for method in row.methods]
        PriceList.objects.update(methods=methods)
        with pytest.raises(BuyingWithheld) as told:
            start(STARTER, form_key=uuid.uuid4())
        assert told.value.reason.code == code
    assert not Purchase.objects.exists()


def test_opening_is_withheld_too(start: Callable[..., Purchase], owner: User, ready: Claim) -> None:
    purchase = start()
    claim_release(claim=ready, user=owner)
    with pytest.raises(BuyingWithheld, match="not linked"):
        purchase_open(purchase=purchase, user=owner)
