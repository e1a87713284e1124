"""The activity ledger."""

from typing import Any

from django.conf import settings

from sandbox import ledger
from sandbox.endpoint import endpoint
from sandbox.envelope import Call, Reply
from sandbox.errors import ApiError
from sandbox.rules import pages
from sandbox.rules.quotas import next_actions

SOURCE = "hosted_activity_ledger"


@endpoint("GET", "activity list")
def activity_list(call: Call) -> Reply:
    """Newest first; `limit` above the maximum is clamped, below 1 or not whole is refused (contract 11)."""
    query = call.request.GET
    limit = pages.limit(query.get("limit"), default=ledger.DEFAULT_LIMIT, maximum=ledger.MAX_LIMIT)
    events = ledger.newest(call.agent, limit=limit, subject=query.get("subject", "").strip())
    return Reply({"events": ledger.event_rows(events), "source": SOURCE} | _advice())


@endpoint("GET", "activity show")
def activity_show(call: Call, reference: str) -> Reply:
    """An event by its id, else everything that names the reference. Raises ACTIVITY_NOT_FOUND."""
    events = ledger.newest(call.agent, limit=ledger.MAX_LIMIT, subject=reference)
    if not events:
        raise ApiError("ACTIVITY_NOT_FOUND", "Nothing in this agent's activity has this reference.")
    found = {"request": {"reference": reference}, "events": ledger.event_rows(events), "source": SOURCE}
    return Reply(found | _advice())


def _advice() -> dict[str, Any]:
    return {"next_actions": next_actions(settings.SANDBOX_PROGRAM)}
