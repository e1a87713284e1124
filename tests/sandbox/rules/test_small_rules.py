"""Contacts, quotas, payments, keys and guidance: the small pure rules."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.rules import contacts, grants, guidance, idempotency, payments, quotas


@pytest.mark.parametrize("text", [" Ada@Example.COM ", "a.b+c@mail.example.org", "x@example.invalid"])
def test_an_inbox_is_trimmed_and_lowered(text: str) -> None:
    assert contacts.normalize(text) == text.strip().lower()


@pytest.mark.parametrize(
    "text", ["", "ada", "@example.com", "a@b", "a b@example.com", "a@@example.com", "a@example..com"]
)
def test_what_is_no_inbox_is_none(text: str) -> None:
    assert contacts.normalize(text) is None


def test_an_inbox_is_shown_by_its_first_letter_and_host() -> None:
    assert contacts.redact("ada@example.com") == "a***@example.com"


def test_a_day_is_a_utc_day() -> None:
    late = datetime(2026, 11, 20, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert quotas.day_start(late) == datetime(2026, 11, 21, tzinfo=UTC)
    assert quotas.resets_at(late) == datetime(2026, 11, 22, tzinfo=UTC)


@given(st.integers(1, 200), st.integers(-50, 100), st.integers(-50, 100))
def test_a_debit_takes_free_credits_first_and_never_more_than_there_is(needed: int, free: int, paid: int) -> None:
    amounts = quotas.split(needed, free=free, paid=paid)
    if max(free, 0) + max(paid, 0) < needed:
        assert amounts is None
        return
    assert amounts is not None
    assert amounts.free + amounts.paid == needed
    assert amounts.free == min(needed, max(free, 0))


@pytest.mark.parametrize(
    ("free", "paid", "jobs", "reason"),
    [
        (40, 0, 4, "available"),
        (5, 0, 4, "low_remaining_credits"),
        (0, 0, 4, "credits_depleted"),
        (0, 0, 0, "credits_depleted"),
        (40, 0, 0, "daily_job_cap_reached"),
        (0, 500, 4, "available"),
    ],
)
def test_the_hardest_wall_is_named(free: int, paid: int, jobs: int, reason: str) -> None:
    assert quotas.top_up_reason(free=free, paid=paid, jobs_remaining=jobs) == reason


def test_top_up_is_whole() -> None:
    top_up = quotas.top_up("low_remaining_credits", "image-skill")
    commands = {"inspect_methods", "inspect_packs", "quote", "buy", "status", "fallback_quote", "fallback_buy"}
    assert set(top_up["commands"]) == commands
    assert all(line.startswith("image-skill credits ") for line in top_up["commands"].values())
    assert all(step["command"] for step in top_up["workflow"]["steps"])
    assert (top_up["urgency"], top_up["urgency_score"]) == ("near_wall", 80)
    assert "--idempotency-key" not in top_up["quote_command"]
    assert top_up["recommended"] is True


def test_buying_is_not_recommended_against_the_daily_cap() -> None:
    assert quotas.top_up("daily_job_cap_reached", "image-skill")["recommended"] is False


@pytest.mark.parametrize(
    "name",
    [
        *("payment-token", "payment-secret", "payment-required", "payment-signature", "payment-response"),
        *("authorization", "bearer-token", "wallet-private-key", "private-key", "mnemonic", "seed-phrase", "card"),
        *("card-number", "card-token", "stripe-secret-key", "stripe-webhook-secret", "provider-key"),
        *("provider-receipt", "client_secret", "cardNumber", "X-Payment", "promo_code", "CVC", "apiKey"),
    ],
)
def test_credentials_are_known_by_name_in_any_spelling(name: str) -> None:
    for spelling in (name, name.replace("-", "_"), name.upper()):
        assert payments.holds_credential({"credits": 5, "deep": [{"er": {spelling: None}}]})


def test_the_public_payment_fields_are_not_credentials() -> None:
    names = ("credits", "pack_id", "payment_method", "quote_id", "idempotency_key", "payment_attempt_id", "receipt_id")
    assert not payments.holds_credential(dict.fromkeys((*names, "checkout_session_id"), "card token"))


def test_packs_cost_a_cent_a_credit() -> None:
    for pack in payments.PACKS.values():
        row = payments.pack_row(pack)
        assert row["credits"] == row["amount_cents"]
    assert payments.pack_row(payments.PACKS["starter-500"])["amount_usd"] == "5.00"


def test_the_old_test_settlement_is_never_listed_and_never_money() -> None:
    assert payments.FAKE_METHOD in payments.quotable(is_real_stripe=False)
    assert payments.FAKE_METHOD not in payments.quotable(is_real_stripe=True)
    assert payments.FAKE_METHOD not in {rail.method_id for rail in payments.RAILS}
    assert not payments.is_live_money(payments.FAKE_METHOD)


def test_a_rail_that_cannot_be_bought_with_says_so() -> None:
    for rail in payments.RAILS:
        row = payments.rail_row(rail, "image-skill", is_purchasable=False)
        assert row["available"] is row["quoteable"] is row["purchasable"] is False
        assert bool(row["unavailable_reason"]) is not row["available"]


def test_terms_are_digested_with_a_key_and_in_any_order() -> None:
    one = idempotency.terms_digest("secret", {"a": 1, "b": {"c": 2, "d": 3}})
    assert one == idempotency.terms_digest("secret", {"b": {"d": 3, "c": 2}, "a": 1})
    assert one != idempotency.terms_digest("secret", {"a": 1, "b": {"c": 2, "d": 4}})
    assert one != idempotency.terms_digest("another", {"a": 1, "b": {"c": 2, "d": 3}})


def test_a_fresh_key_is_fresh() -> None:
    assert idempotency.fresh_key("create") != idempotency.fresh_key("create")


def test_grants_shrink_to_nothing_with_revocation() -> None:
    assert "asset.upload" in grants.grants_of("unclaimed")
    assert grants.missing(grants.grants_of("revoked"), ["asset.upload"]) == ["asset.upload"]
    assert grants.missing(grants.grants_of("claimed"), ["asset.upload"]) == []


@pytest.mark.parametrize(
    ("report", "score", "is_weak"),
    [
        ({"title": "Broken"}, 16, True),
        ({"title": "Broken", "body": "x" * 40, "expected": "a", "actual": "b"}, 66, False),
        (
            {"title": "t", "body": "x" * 40, "expected": "a", "actual": "b", "command": "c", "evidence": ["trace:1"]},
            100,
            False,
        ),
    ],
)
def test_guidance_weighs_a_report(report: dict[str, Any], score: int, *, is_weak: bool) -> None:
    quality = guidance.judge(report)
    assert (quality.score, quality.is_weak) == (score, is_weak)
    assert len(quality.row()["guidance"]) == len(quality.missing)
