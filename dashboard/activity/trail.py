"""One event with everything that the same trace, job, asset, quote or receipt touched."""

import json
from dataclasses import dataclass
from datetime import UTC
from operator import attrgetter

from django.http import Http404

from api_client import redact
from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event, EventReference
from dashboard.activity.selectors import EventLine, events_marked

# From a quote to its payment, from there to its receipt, from a receipt to its refund.
ROUNDS = 3
MOST_EVENTS = 100
# How far in a step stands beneath the one that led to it; all others stand at the edge.
DEPTHS = {
    "asset.created": 1,
    "usage.credit_consumed": 1,
    "feedback.github_queue.processed": 1,
    "credits.payment_backed_granted": 1,
    "credits.payment_backed_refunded": 2,
    "credits.payment_backed_disputed": 2,
    "credits.payment_backed_reinstated": 3,
    "credits.payment_backed_reversal_pending": 2,
    "credits.payment_backed_reversal_rejected": 3,
}
_line_values = attrgetter(*(name.replace("__", ".") for name in EventLine._fields))


@dataclass(frozen=True)
class Step:
    """One event of a trail and how far it is indented."""

    line: EventLine
    depth: int


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


def trail_get(event: Event) -> Trail:
    """Return the event among all that is tied to it by ids, in at most ROUNDS steps from it."""
    found = {event.pk}
    for _ in range(ROUNDS):
        reached = _tied_to(event.workspace_id, found)
        if len(reached) == len(found):
            break
        found = reached
    is_cut = len(found) > MOST_EVENTS
    shown = Event.objects.filter(pk__in=[event.pk, *sorted(found - {event.pk})[: MOST_EVENTS - 1]])
    events = events_marked(shown, reader=event.workspace)
    return Trail(_steps(list(events.select_related("agent").order_by("occurred_at", "pk"))), is_cut)


def _tied_to(workspace_id: int, pks: set[int]) -> set[int]:
    """Return these events and those that name an id of theirs; one more than MOST_EVENTS of the others at most."""
    own = EventReference.objects.filter(event_id__in=pks).values("reference")
    rows = EventReference.objects.filter(workspace_id=workspace_id, reference__in=own)
    return pks | set(rows.values_list("event_id", flat=True).distinct()[: MOST_EVENTS + 1])


def _steps(events: list[Event]) -> list[Step]:
    """Put what is of one job or one quote together, in the order in which each began, what follows beneath it."""
    begun: dict[str, int] = {}
    for place, event in enumerate(events):
        begun.setdefault(_strand(event), place)
    ordered = sorted(events, key=lambda event: (begun[_strand(event)], DEPTHS.get(event.type, 0)))
    return [Step(EventLine(*_line_values(event)), DEPTHS.get(event.type, 0)) for event in ordered]


def _strand(event: Event) -> str:
    quote = event.links.get("quote_id")
    return event.job_id or (quote if isinstance(quote, str) else "") or event.subject_id or event.remote_id


def record_text(event: Event) -> str:
    """Return the event as it is kept, as JSON; tokens and contacts that somebody wrote into it are taken out."""
    record = {
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
    return redact(json.dumps(record, indent=2, ensure_ascii=False))
