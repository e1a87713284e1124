"""What an agent may still spend (contract 2.5, 3.5)."""

from api_client.records.base import Answer, JsonObject, Moment, Record, Whole, Word
from api_client.records.wire import lift


class DailyJobs(Record):
    """Live jobs of the running UTC day; the daily cap is not lifted by paid credits."""

    limit: Whole | None = None
    used: Whole | None = None
    remaining: Whole | None = None
    resets_at: Moment | None = None


class Quota(Answer):
    """Credits are whole numbers of 1 cent; None means that the service did not say.

    `remaining_credits` are free-preview credits, `payment_backed_remaining_credits` the paid ones: the balance is
    their sum. `free_credits_per_day` and `reserved_credits` are ours (INF). `resets_at` is the end of the UTC day.
    `top_up` has the shape of contract 3.5.
    """

    authenticated: bool | None = None
    claim_state: Word | None = None
    claim_request_state: Word | None = None
    token_status: Word | None = None
    remaining_credits: Whole | None = None
    payment_backed_remaining_credits: Whole | None = None
    free_credits_per_day: Whole | None = None
    reserved_credits: Whole | None = None
    daily_jobs: DailyJobs | None = None
    resets_at: Moment | None = None
    top_up: JsonObject | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        lift_limits(wire)
        lift(wire, "limits", free_credits_per_day="free_credits_per_day", reserved_credits="reserved_credits")
        lift(wire, "reset_window", resets_at="resets_at")
        return wire


def lift_limits(wire: JsonObject) -> None:
    """The two balances that quota and purchase status both carry under `limits`."""
    lift(
        wire,
        "limits",
        remaining_credits="remaining_credits",
        payment_backed_remaining_credits="payment_backed_remaining_credits",
    )
