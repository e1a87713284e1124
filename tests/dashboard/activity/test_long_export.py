"""A ledger too long for one answer becomes a file in the background, which holds what the page showed."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser

from dashboard.accounts.models import User, Workspace
from dashboard.activity.export import STREAMED_AT_MOST
from dashboard.activity.models import Event
from dashboard.agents.models import Claim
from dashboard.audit.models import AuditEntry
from dashboard.exports.making import export_make
from dashboard.exports.models import Export
from dashboard.lib.export import BYTE_ORDER_MARK
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db
EPOCH = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _own_storage(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def long(link: Callable[..., Claim]) -> Claim:
    """Return the claim on an agent with one event more than are streamed, half of which spent a credit."""
    claim = link()
    shared = {"agent_id": claim.agent_id, "workspace_id": claim.workspace_id, "synced_at": EPOCH}
    Event.objects.bulk_create(
        Event(
            **shared,
            remote_id=f"evt_{number}",
            type="usage.credit_consumed" if number % 2 else "job.completed",
            status="" if number % 2 else "completed",
            credits_delta=-1 if number % 2 else None,
            # Ten at the same moment, so that batches end among equals.
            occurred_at=EPOCH + timedelta(minutes=number // 10),
        )
        for number in range(STREAMED_AT_MOST + 1)
    )
    return claim


def fetched(browser: Browser, export: Export) -> str:
    answer = browser.post(f"/exports/{export.key}/file/")
    return b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]


def test_long_ledger_is_made_in_the_background_and_holds_what_was_there_when_asked(
    long: Claim, workspace: Workspace, owner: User, browser_of: Callable[..., Browser], tell: Callable[..., Event]
) -> None:
    browser = browser_of(owner)
    answer = browser.post(f"/w/{workspace.key}/activity/export/?page=x", {"kind": "csv"})
    export = Export.objects.get()
    assert answer["Location"] == f"/exports/{export.key}/"
    assert export.page_url == f"/w/{workspace.key}/activity/?"
    tell(long, "job.planned", hour=-5)
    export_make(export.pk)
    rows = list(csv.DictReader(io.StringIO(fetched(browser, export).removeprefix(BYTE_ORDER_MARK), newline="")))
    assert [row["event_id"] for row in rows] == [f"evt_{number}" for number in reversed(range(STREAMED_AT_MOST + 1))]
    assert sum(int(row["credits"] or 0) for row in rows) == -STREAMED_AT_MOST // 2
    assert f"Ready: {STREAMED_AT_MOST + 1:,} events" in words(browser.get(f"/exports/{export.key}/"))


def test_what_is_short_with_its_filter_comes_at_once(
    long: Claim, workspace: Workspace, owner: User, browser_of: Callable[..., Browser]
) -> None:
    browser, address = browser_of(owner), f"/w/{workspace.key}/activity/export/?cost=spent"
    lines = b"".join(browser.post(address, {"kind": "jsonl"}).streaming_content).splitlines()  # type: ignore[attr-defined]
    assert len(lines) == STREAMED_AT_MOST // 2
    assert {json.loads(line)["credits"] for line in lines} == {-1}
    assert not Export.objects.exists()
    assert AuditEntry.objects.get(action="activity.exported").after["filter"] == {"cost": "spent"}
