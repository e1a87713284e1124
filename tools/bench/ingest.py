"""How many ledger rows a second come in: `main ROWS`, Django set up on a database that may be written to.

The whole way is an answer's JSON to rows and sums; the upsert alone is typed records to rows. Beside them the same
rows, each event's and those of the ids it names, by the bare driver, and by `update_or_create`. All four in turn, page
by page, a commit a page; of each the median page.
"""

import json
import random
import statistics
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from api_client import ActivityEvent, ActivityPage
from dashboard.activity.apply import event_from, events_append, events_apply
from dashboard.activity.models import Event, EventReference
from dashboard.activity.references import references_apply, references_of
from dashboard.agents.models import Claim
from tools.bench.data import write_rows

PAGE = 1_000
# `update_or_create` is so slow that it is known after a few.
FEW = 100


def main() -> None:
    claim = Claim.objects.select_related("agent", "workspace").earliest("pk")
    times: dict[str, list[float]] = defaultdict(list)
    for number in range(max(2, int(sys.argv[1]) // PAGE)):
        # In another order each time: what one commits a later one may have to carry to the database's file.
        ways = list(_ways(claim).items())
        random.Random(number).shuffle(ways)  # noqa: S311 - an order, not a secret
        for name, (write, rows) in ways:
            times[name].append(_seconds(write) / rows)
    print(json.dumps({name: 1 / statistics.median(seconds) for name, seconds in times.items()}))


def _ways(claim: Claim) -> dict[str, tuple[Callable[[], object], int]]:
    """Each way to write, with rows that are new, and how many."""
    at = datetime.now(UTC)
    events = [event_from(record, claim=claim, at=at) for record in records_of(answer_of(at))]
    raw = [_values(event) for event in events]
    # Of some event that is there: by the bare driver nothing tells the new ones' ids.
    event_id = Event.objects.latest("pk").pk
    named = [(claim.workspace_id, name, event_id) for event in events for name in references_of(event)]
    records, answer, few = records_of(answer_of(at)), answer_of(at), records_of(answer_of(at))[:FEW]
    return {
        "raw": (lambda: _by_driver(raw, named), PAGE),
        "upsert": (lambda: references_apply(events_append(claim=claim, records=records, at=at)), PAGE),
        "whole": (lambda: events_apply(claim=claim, records=records_of(answer), at=at), PAGE),
        "update_or_create": (lambda: _one_by_one(claim, few, at), FEW),
    }


def _seconds(write: Callable[[], object]) -> float:
    started = time.perf_counter()
    with transaction.atomic():
        write()
    return time.perf_counter() - started


def answer_of(at: datetime, size: int = PAGE) -> str:
    """An answer of the hosted API: a page of new events, one every twenty seconds."""
    names = [uuid.uuid4().hex for _ in range(size)]
    events = [
        {
            "event_id": f"evt_{name}",
            "type": "usage.credit_consumed",
            "occurred_at": (at - timedelta(seconds=20 * number)).isoformat(),
            "summary": "Credits consumed",
            "operation": "create",
            "subject": {"type": "job", "id": f"job_{name}"},
            "status": "completed",
            "trace_id": f"trace_{name}",
            "job_id": f"job_{name}",
            "credits_delta": -5,
            "links": {"job_id": f"job_{name}"},
            "details": {"model_id": "fal.flux-dev", "pricing_confidence": "documented"},
        }
        for number, name in enumerate(names)
    ]
    return json.dumps({"events": events})


def records_of(answer: str) -> list[ActivityEvent]:
    events = ActivityPage.model_validate(json.loads(answer)).events
    return [event for event in events if isinstance(event, ActivityEvent)]


def _values(event: Event) -> tuple[Any, ...]:
    """A row as the bare driver takes it."""
    fields = [field for field in Event._meta.concrete_fields if not field.primary_key]  # noqa: SLF001
    if connection.vendor == "postgresql":
        values = [getattr(event, field.attname) for field in fields]
        return tuple(json.dumps(value) if isinstance(value, dict) else value for value in values)
    return tuple(field.get_db_prep_save(getattr(event, field.attname), connection) for field in fields)


def _by_driver(events: list[tuple[Any, ...]], references: list[tuple[Any, ...]]) -> None:
    write_rows(Event, events)
    write_rows(EventReference, references)


def _one_by_one(claim: Claim, records: list[ActivityEvent], at: datetime) -> None:
    for record in records:
        event = event_from(record, claim=claim, at=at)
        kept = {field.name: getattr(event, field.name) for field in Event._meta.concrete_fields[1:]}  # noqa: SLF001
        key = {name: kept.pop(name) for name in ("agent", "remote_id")}
        kept_event, _ = Event.objects.update_or_create(**key, defaults=kept)
        for name in references_of(event):
            EventReference.objects.update_or_create(workspace=claim.workspace, reference=name, event=kept_event)
