"""Whatever order the ledger comes in and wherever a worker dies, each job and asset is read once and counted once."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import time_machine
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from api_client import ActivityEvent
from dashboard.activity.apply import events_apply
from dashboard.agents.models import Claim
from dashboard.assets.models import Asset, Job, MonthCount, Reading
from dashboard.assets.naming import ledger_name
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.freshness.services import cursor_open
from dashboard.sync.services import RUN_LOST_AFTER, runs_rescue
from dashboard.sync.work import work_sync
from tests.examples import WITH_FIXTURES

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 1, 10, tzinfo=UTC)
JOBS = ("job_1", "job_2", "job_3")


class Killed(BaseException):
    """A worker that is no more: nothing catches it."""


def outputs_of(job_id: str) -> list[str]:
    return [f"image_{job_id}_{place}" for place in range(int(job_id[-1]))]


def lines_of(job_id: str) -> list[ActivityEvent]:
    """Return a job's ledger lines: its end, its debit of seven credits, each of its pictures."""
    told = [("job.completed", "job", job_id, outputs_of(job_id)), ("usage.credit_consumed", "usage", "u" + job_id, [])]
    told += [("asset.created", "asset", one, [one]) for one in outputs_of(job_id)]
    return [
        ActivityEvent(
            event_id=f"evt_{kind}_{subject_id}",
            type=kind,
            occurred_at=NOW,
            subject_type=subject,
            subject_id=subject_id,
            job_id=job_id,
            credits_delta=-7 if kind.startswith("usage.") else None,
            links={"job_id": job_id, "asset_ids": asset_ids},
        )
        for kind, subject, subject_id, asset_ids in told
    ]


LINES = [line for job_id in JOBS for line in lines_of(job_id)]


def service(asked: Counter[str], deaths: set[int]) -> Callable[[httpx.Request], httpx.Response]:
    """Answer for every job and asset; the worker dies of the calls with these numbers, before or after the answer."""

    def handler(request: httpx.Request) -> httpx.Response:
        remote_id = request.url.path.rpartition("/")[2]
        asked[remote_id] += 1
        if asked.total() in deaths:
            raise Killed
        if remote_id.startswith("job_"):
            assets = [{"asset_id": one} for one in outputs_of(remote_id)]
            data: dict[str, Any] = {"job": {"job_id": remote_id, "status": "completed", "assets": assets}}
        else:
            data = {"asset": {"asset_id": remote_id, "job_id": remote_id.split("_", 1)[1].rpartition("_")[0]}}
        envelope = {"ok": True, "command": "", "trace_id": "trace_1", "warnings": [], "error": None, "data": data}
        return httpx.Response(200, json=envelope)

    return handler


@contextmanager
def rolled_back() -> Iterator[None]:
    """Leave nothing to the next example: history refuses to be deleted."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def read_to_the_end(claim: Claim) -> None:
    for _ in range(40):
        try:
            work_sync(claim.agent_id, is_forced=True)
        except Killed:
            with time_machine.travel(datetime.now(UTC) + 2 * RUN_LOST_AFTER):
                runs_rescue()
        if not Job.objects.exclude(due_at=None).exists() and not Asset.objects.exclude(due_at=None).exists():
            return


@settings(WITH_FIXTURES, max_examples=25)
@given(
    order=st.permutations(LINES),
    pages=st.lists(st.integers(1, len(LINES)), max_size=4),
    deaths=st.sets(st.integers(1, 14), max_size=4),
)
def test_each_is_read_once_whatever_dies(
    order: Sequence[ActivityEvent],
    pages: list[int],
    deaths: set[int],
    claim: Claim,
    hosted_answers: Callable[..., None],
) -> None:
    with rolled_back():
        asked: Counter[str] = Counter()
        hosted_answers(service(asked, deaths))
        cursor_open(stream=Stream.WORK, subject_id=claim.agent_id, label="render-bot")
        # The ledger comes in pages that overlap, and is gone through after each of them or only at the end.
        for end in [*sorted(pages), len(LINES)]:
            events_apply(claim=claim, records=order[:end], at=NOW)
            ledger_name(claim.agent_id, most=3)
        read_to_the_end(claim)
        assert sum(asked.values()) <= len(JOBS) + Asset.objects.count() + len(deaths)
        assert set(Job.objects.values_list("reading", "credits_charged", "outputs")) == {
            (Reading.READ, 7, len(outputs_of(job_id))) for job_id in JOBS
        }
        assert set(Asset.objects.values_list("remote_id", "job__remote_id", "reading")) == {
            (one, job_id, Reading.READ) for job_id in JOBS for one in outputs_of(job_id)
        }
        assert sum(asset.credits or 0 for asset in Asset.objects.all()) == 7 * len(JOBS)
        assert MonthCount.objects.get().assets == Asset.objects.count()
        assert SyncCursor.objects.get(stream=Stream.WORK).running_since is None
