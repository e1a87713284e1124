"""The activity ledger."""

from sandbox import ledger
from sandbox.endpoint import endpoint
from sandbox.envelope import Call, Reply
from sandbox.errors import ApiError, invalid

SOURCE = "hosted_activity_ledger"


@endpoint("GET", "activity list")
def activity_list(call: Call) -> Reply:
    """Newest first; `limit` above the maximum is clamped, below 1 or not whole is refused (contract 11)."""
    query = call.request.GET
    events = ledger.newest(call.agent, limit=_limit(query.get("limit")), subject=query.get("subject", "").strip())
    return Reply({"events": [ledger.event_row(event) for event in events], "source": SOURCE})


@endpoint("GET", "activity show")
def activity_show(call: Call, reference: str) -> Reply:
    """An event by its id, else everything that names the reference. Raises ACTIVITY_NOT_FOUND."""
    events = ledger.newest(call.agent, limit=ledger.MAX_LIMIT, subject=reference)
    if not events:
        raise ApiError("ACTIVITY_NOT_FOUND", "Nothing in this agent's activity has this reference.")
    rows = [ledger.event_row(event) for event in events]
    return Reply({"request": {"reference": reference}, "events": rows, "source": SOURCE})


def _limit(text: str | None) -> int:
    if text is None or text == "":
        return ledger.DEFAULT_LIMIT
    digits = text.lstrip("0")
    if not (text.isascii() and text.isdigit()) or not digits:
        raise invalid("limit must be a whole number, 1 or more.")
    return ledger.MAX_LIMIT if len(digits) > 6 else min(int(digits), ledger.MAX_LIMIT)
