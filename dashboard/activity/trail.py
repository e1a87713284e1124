"""One event with everything that the same trace, job, asset, quote or receipt touched.

What a job worked from and who paid for it is not in the ledger's lines: whoever asks for a trail brings both.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC

from django.db import connection
from django.http import Http404

from api_client import JsonObject, redact
from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event
from dashboard.activity.references import references_of
from dashboard.activity.selectors import events_marked
from dashboard.activity.strands import Descent, Step, steps_of

# From a quote to its payment, from there to its receipt, from a receipt to its refund.
ROUNDS = 3
MOST_EVENTS = 100
# Of each id so many events are read, by its index, however many name it. One that names more than fit says less of what
# belongs together than one that names few: what it alone leads to comes last.
NAMING = f"""
    WITH asked (reference) AS (VALUES {{asked}}), bounded (reference, last_id) AS MATERIALIZED (
        SELECT reference, (
            SELECT event_id FROM activity_eventreference AS named
            WHERE named.workspace_id = %s AND named.reference = asked.reference
            ORDER BY event_id LIMIT 1 OFFSET {MOST_EVENTS}
        ) FROM asked
    ), near (event_id, is_many) AS (
        SELECT named.event_id, MIN(CASE WHEN last_id IS NULL THEN 0 ELSE 1 END) FROM bounded
        JOIN activity_eventreference AS named ON named.workspace_id = %s AND named.reference = bounded.reference
            AND named.event_id <= COALESCE(last_id, {2**63 - 1})
        GROUP BY 1 ORDER BY 2, 1 LIMIT {MOST_EVENTS + 1}
    )
    SELECT named.event_id, named.reference FROM near
    JOIN activity_eventreference AS named ON named.event_id = near.event_id ORDER BY is_many, named.event_id
"""  # noqa: S608 - two constants

DescentsOf = Callable[[Collection[str]], Collection[Descent]]


@dataclass(frozen=True)
class Trail:
    """What belongs together, in the order in which it came about; `is_cut`: there is more than MOST_EVENTS."""

    steps: list[Step]
    is_cut: bool


def event_get(workspace: Workspace, pk: int) -> Event:
    """Return an event; raises Http404 alike for "not yours" and "not there"."""
    events = events_marked(Event.objects.filter(workspace=workspace, pk=pk), reader=workspace)
    event = events.select_related("agent", "workspace").first()
    if event is None:
        raise Http404
    return event


def trail_get(event: Event, *, descents_of: DescentsOf = lambda _ids: (), paid_from: Collection[str] = ()) -> Trail:
    """Return the event among all that is tied to it by ids, in at most ROUNDS steps from it, the nearest first.

    `descents_of` returns the descents that begin or end at one of some ids. `paid_from`: ids of the purchases that paid
    for the event's job.
    """
    ids, descents = {*references_of(event), *paid_from}, set[Descent]()
    found = {event.pk: None}
    for _ in range(ROUNDS):
        descents.update(descents_of(ids))
        if len(found) > MOST_EVENTS:
            break
        told = _naming(event.workspace_id, ids.union(*descents))
        if found.keys() >= {pk for pk, _ in told}:
            break
        found |= dict.fromkeys(pk for pk, _ in told)
        ids |= {reference for _, reference in told}
    shown = events_marked(Event.objects.filter(pk__in=list(found)[:MOST_EVENTS]), reader=event.workspace)
    events = list(shown.select_related("agent").order_by("occurred_at", "pk"))
    steps = steps_of(events, sorted(descents), paid=event.job_id, paid_from=paid_from)
    return Trail(steps, len(found) > MOST_EVENTS)


def _naming(workspace_id: int, ids: Collection[str]) -> list[tuple[int, str]]:
    """Return the events that name one of these ids, one more than MOST_EVENTS at most, each with every id it names."""
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(NAMING.format(asked=", ".join(["(%s)"] * len(ids))), [*ids, workspace_id, workspace_id])
        named: list[tuple[int, str]] = cursor.fetchall()
    return named


def record_text(event: Event) -> str:
    """Return the event as it is kept, as JSON; tokens and contacts that somebody wrote into it are taken out.

    What the contract does not name stands where it was sent.
    """
    record: JsonObject = {
        "event_id": event.remote_id,
        "type": event.type,
        "occurred_at": event.occurred_at.astimezone(UTC).isoformat(),
        "summary": event.summary,
        "operation": event.operation,
        "status": event.status,
        "subject": {"type": event.subject_type, "id": event.subject_id},
        "trace_id": event.trace_id,
        "job_id": event.job_id,
        "capability_id": event.capability_id,
        "credits_delta": event.credits_delta,
        "estimated_usd_micros": event.estimated_usd_micros,
        "links": event.links,
        "details": event.details,
    }
    for name, value in (event.extra or {}).items():
        known = record.get(name)
        record[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
    return redact(json.dumps(record, indent=2, ensure_ascii=False))
