"""Many at once, on real locks: one effect a key, no credit spent twice, one live token (contract 4.8, 11)."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from django.db import connections
from pytest_django import Settings

from sandbox.models import Agent, BookEntry, Event, Job, PaymentAttempt, Quote, StandInObject
from sandbox.payments import fulfilment
from sandbox.rules.quotas import day_start
from sandbox.wsgi import application
from tests.sandbox.fixtures import PUBLIC_URL, Answer, Caller
from tests.sandbox.paying import CHECKOUT, X402, buy, purchase, quote
from tests.sandbox.works import edit, image_bytes, upload_body, uploaded

CROWD = 8


@pytest.fixture
def http(transactional_db: None, sandbox_data: Path) -> Iterator[httpx.Client]:
    """Committed data, since each thread has a connection of its own."""
    with httpx.Client(transport=httpx.WSGITransport(app=application), base_url=PUBLIC_URL) as client:
        yield client


@pytest.fixture
def one(http: httpx.Client) -> Caller:
    return Caller(http, sign_up(http).data["token"])


def sign_up(http: httpx.Client, **fields: str) -> Answer:
    body = {"agent_name": "a", "runtime": "r", "return_token": True} | fields
    return Caller(http).post("/v1/agent-signups", body)


def at_once(call: Callable[[int], Answer]) -> list[Answer]:
    """The same call from a crowd of threads that start together."""
    start = threading.Barrier(CROWD)

    def run(number: int) -> Answer:
        start.wait()
        try:
            return call(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(run, range(CROWD)))


def codes(answers: list[Answer]) -> Counter[str]:
    return Counter((answer.envelope["error"] or {"code": "ok"})["code"] for answer in answers)


def test_equal_creates_with_one_key_make_one_job_and_one_debit(one: Caller) -> None:
    answers = at_once(lambda _: one.create(idempotency_key="k1"))
    assert {answer.data["job_id"] for answer in answers} == {Job.objects.get().id}
    assert len({str(answer.data["assets"]) for answer in answers}) == 1
    assert [entry.credits for entry in BookEntry.objects.filter(kind="charge")] == [-1]
    assert one.limits() | {"free_credits_per_day": 40} == {
        "remaining_credits": 39,
        "payment_backed_remaining_credits": 0,
        "free_credits_per_day": 40,
        "reserved_credits": 0,
    }
    assert len(one.event_types()) == 3


def test_equal_edits_with_one_key_make_one_job_and_one_debit(one: Caller) -> None:
    source = uploaded(one)
    answers = at_once(lambda _: edit(one, source, idempotency_key="e1"))
    assert {answer.data["job_id"] for answer in answers} == {Job.objects.get(operation="edit").id}
    assert [entry.credits for entry in BookEntry.objects.filter(kind="charge")] == [-1]
    assert one.limits()["remaining_credits"] == 39


def test_uploads_of_the_same_bytes_are_all_kept(one: Caller) -> None:
    answers = at_once(lambda _: one.post("/v1/upload", upload_body(image_bytes())))
    assert len({answer.data["asset"]["asset_id"] for answer in answers}) == CROWD
    assert one.event_types() == ["asset.uploaded"] * CROWD


def test_other_terms_under_one_key_leave_one_winner(one: Caller) -> None:
    answers = at_once(lambda number: one.create(idempotency_key="k1", prompt=f"prompt {number}"))
    assert codes(answers) == {"ok": 1, "IDEMPOTENCY_CONFLICT": CROWD - 1}
    assert one.limits()["remaining_credits"] == 39


def test_failures_with_one_key_charge_nothing(one: Caller) -> None:
    answers = at_once(lambda _: one.create(idempotency_key="k1", prompt="[sandbox:provider_failure]"))
    assert set(codes(answers)) <= {"PROVIDER_FAILURE", "DAILY_JOB_CAP_REACHED"}
    assert set(Job.objects.values_list("status", flat=True)) == {"failed"}
    assert (one.limits()["remaining_credits"], one.limits()["reserved_credits"]) == (40, 0)


def test_the_daily_cap_holds(one: Caller) -> None:
    answers = at_once(lambda number: one.create(prompt=f"prompt {number}"))
    assert codes(answers) == {"ok": 4, "DAILY_JOB_CAP_REACHED": CROWD - 4}
    assert one.limits()["remaining_credits"] == 36


def test_the_last_credits_are_spent_once(one: Caller, settings: Settings) -> None:
    settings.SANDBOX_DAILY_JOBS = 100
    BookEntry.objects.filter(kind="free_grant").update(credits=3)
    answers = at_once(lambda number: one.create(prompt=f"prompt {number}"))
    assert codes(answers) == {"ok": 3, "QUOTA_EXCEEDED": CROWD - 3}
    assert one.limits()["remaining_credits"] == 0


def test_sign_ups_with_one_contact_leave_exactly_one_live_token(http: httpx.Client) -> None:
    answers = at_once(lambda _: sign_up(http, agent_contact="ada@example.com"))
    tokens = {answer.data["token"] for answer in answers}
    assert len(tokens) == CROWD
    assert Agent.objects.count() == 1
    assert Counter(answer.data["is_new"] for answer in answers) == {True: 1, False: CROWD - 1}
    statuses = Counter(Caller(http, token).get("/v1/whoami").response.status_code for token in tokens)
    assert statuses == {200: 1, 401: CROWD - 1}


def test_equal_quotes_are_one_quote(one: Caller) -> None:
    body = {"credits": 5, "payment_method": "stripe_checkout", "idempotency_key": "q1"}
    answers = at_once(lambda _: one.post("/v1/credit-quotes", body))
    assert {answer.data["quote_id"] for answer in answers} == {Quote.objects.get().id}


def test_the_day_opens_once(one: Caller) -> None:
    one.create()
    agent = Agent.objects.get()
    Agent.objects.update(free_day=day_start(agent.created_at).date() - timedelta(days=1))
    at_once(lambda _: one.get("/v1/quota"))
    assert BookEntry.objects.filter(kind="reset").count() == 1
    assert one.limits()["remaining_credits"] == 40


def test_a_stale_job_is_released_once(one: Caller) -> None:
    one.create()
    BookEntry.objects.filter(kind__in=["release", "charge"]).delete()
    job = Job.objects.get()
    Job.objects.update(status="running", created_at=job.created_at - timedelta(minutes=16))
    at_once(lambda _: one.get("/v1/quota"))
    assert BookEntry.objects.filter(kind="release").count() == 1
    assert one.limits()["remaining_credits"] == 40


@pytest.mark.parametrize("method", [CHECKOUT, X402])
def test_equal_purchases_with_one_key_open_one_attempt(one: Caller, method: str) -> None:
    quote_id = quote(one, 500, method)
    answers = at_once(lambda _: buy(one, quote_id, method))
    assert {answer.data["payment_attempt_id"] for answer in answers} == {PaymentAttempt.objects.get().id}
    assert StandInObject.objects.filter(kind__in=["checkout.session", "payment_intent"]).count() == 1
    assert Event.objects.count() == (1 if method == CHECKOUT else 0)


def test_purchases_with_many_keys_open_one_attempt_for_one_quote(one: Caller) -> None:
    quote_id = quote(one)
    answers = at_once(lambda number: buy(one, quote_id, key=f"b{number}"))
    assert {answer.data["payment_attempt_id"] for answer in answers} == {PaymentAttempt.objects.get().id}


def test_the_old_test_settlement_grants_once_for_a_crowd(one: Caller) -> None:
    quote_id = quote(one, 25, "fake")
    answers = at_once(lambda _: buy(one, quote_id, "fake"))
    assert len({answer.data["receipt_id"] for answer in answers}) == 1
    assert one.limits()["payment_backed_remaining_credits"] == 25


def test_a_crowd_that_settles_one_payment_grants_once(one: Caller) -> None:
    bought = purchase(one)
    bought.press("succeed")

    def settle(_: int) -> Answer:
        fulfilment.attempt_settle(bought.id)
        return one.get("/v1/credit-purchases/status", payment_attempt_id=bought.id)

    assert {answer.data["state"] for answer in at_once(settle)} == {"succeeded"}
    assert [entry.credits for entry in BookEntry.objects.filter(kind="grant")] == [500]


def test_a_crowd_at_one_payment_page_is_charged_once(one: Caller) -> None:
    bought = purchase(one)
    page = bought.page
    at_once(lambda _: Answer(one.http.post(page, data={"outcome": "succeed"})))
    assert StandInObject.objects.filter(kind="charge").count() == 1
