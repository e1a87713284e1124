from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api_client.playing import Service, client_of, ok, raw

QUOTA = {
    "authenticated": True,
    "claim_state": "unclaimed",
    "claim_request_state": None,
    "token_status": "active",
    "limits": {
        "remaining_credits": 33,
        "payment_backed_remaining_credits": 500,
        "free_credits_per_day": 40,
        "reserved_credits": 7,
        "max_models": 3,
    },
    "daily_jobs": {"limit": 4, "used": 1, "remaining": 3, "resets_at": "2026-06-02T00:00:00Z"},
    "reset_window": {
        "kind": "utc_day",
        "started_at": "2026-06-01T00:00:00Z",
        "resets_at": "2026-06-02T00:00:00Z",
    },
    "top_up": {"available": True, "recommendation_reason": "available"},
}


def test_quota_reads_every_figure() -> None:
    service = Service(ok(QUOTA))
    with client_of(service) as client:
        quota = client.quota.get()
    assert service.request.url.path == "/v1/quota"
    assert (quota.remaining_credits, quota.payment_backed_remaining_credits) == (33, 500)
    assert (quota.free_credits_per_day, quota.reserved_credits) == (40, 7)
    midnight = datetime(2026, 6, 2, tzinfo=UTC)
    assert quota.daily_jobs is not None
    assert (quota.daily_jobs.limit, quota.daily_jobs.used, quota.daily_jobs.remaining) == (4, 1, 3)
    assert quota.daily_jobs.resets_at == quota.resets_at == midnight
    assert quota.top_up == {"available": True, "recommendation_reason": "available"}
    assert quota.extra["limits"] == {"max_models": 3}
    assert quota.extra["reset_window"]["kind"] == "utc_day"


def test_what_the_service_does_not_say_is_unknown_and_not_zero() -> None:
    with client_of(Service(ok({}))) as client:
        quota = client.quota.get()
    assert quota.remaining_credits is None
    assert quota.daily_jobs is None
    assert quota.drift == ()


@pytest.mark.parametrize("wrong", ["33", 33.5, True, [33], 2**60, {"n": 1}])
def test_a_mistyped_figure_is_unknown_kept_and_named(wrong: Any) -> None:
    with client_of(Service(ok({"limits": {"remaining_credits": wrong}, "token_status": "active"}))) as client:
        quota = client.quota.get()
    assert quota.remaining_credits is None
    assert quota.token_status == "active"
    assert quota.drift == ("remaining_credits",)
    assert quota.extra["remaining_credits"] == wrong


@pytest.mark.parametrize("written", [b"33", b"33.0", b"3.3e1"])
def test_a_whole_number_is_whole_however_it_is_written(written: bytes) -> None:
    body = b'{"ok": true, "data": {"limits": {"remaining_credits": %s}}}' % written
    with client_of(Service(raw(body))) as client:
        quota = client.quota.get()
    assert quota.remaining_credits == 33
    assert type(quota.remaining_credits) is int


@pytest.mark.parametrize("moment", ["tomorrow", "2026-06-02T00:00:00", 1_780_000_000, "0001-01-01T00:00:00+23:59"])
def test_a_time_that_is_none_is_unknown_and_kept(moment: Any) -> None:
    with client_of(Service(ok({"reset_window": {"resets_at": moment}}))) as client:
        quota = client.quota.get()
    assert quota.resets_at is None
    assert quota.extra["resets_at"] == moment


def test_a_mistyped_figure_inside_a_group_costs_only_itself() -> None:
    with client_of(Service(ok({"daily_jobs": {"limit": "four", "remaining": 2}}))) as client:
        quota = client.quota.get()
    assert quota.daily_jobs is not None
    assert (quota.daily_jobs.limit, quota.daily_jobs.remaining) == (None, 2)
    assert quota.daily_jobs.drift == ("limit",)
