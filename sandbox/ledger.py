"""The activity ledger: only the 14 published types, newest first, found again by every id that they name."""

from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.ids import iso, new_id
from sandbox.models import Agent, Event, EventReference
from sandbox.rules.pricing import micros_to_usd

DEFAULT_LIMIT, MAX_LIMIT = 20, 500


def record(agent: Agent, events: Iterable[Event]) -> None:
    """Writes events in order with their references, inside the caller's transaction.

    The agent must be locked (`book.lock`): then no event ever appears below one that was already read.
    """
    written = []
    for event in events:
        # One by one, since the row number is the order of the ledger and its references need it.
        event.agent, event.event_id = agent, new_id("evt")
        event.save()
        written.append(event)
    EventReference.objects.bulk_create(
        EventReference(agent=agent, event=event, reference=reference)
        for event in written
        for reference in dict.fromkeys([event.subject_id, event.trace_id, *_linked(event.links)])
    )


def newest(agent: Agent, *, limit: int, subject: str = "") -> list[Event]:
    """The agent's own events; with a subject, those that name it in any role."""
    events = Event.objects.filter(agent=agent)
    if subject:
        exact = list(events.filter(event_id=subject))
        if exact:
            return exact
        events = events.filter(references__agent=agent, references__reference=subject)
    return list(events.order_by("-id")[:limit])


def event_row(event: Event) -> dict[str, Any]:
    """One event on the wire (contract 3.11); `trace_id` at the top is ours (INF)."""
    cost = None if event.cost_micros is None else {"estimated_usd": micros_to_usd(event.cost_micros)}
    return {
        "event_id": event.event_id,
        "type": event.type,
        "occurred_at": iso(event.occurred_at),
        "summary": event.summary,
        "operation": event.operation,
        "subject": {"type": event.subject_type, "id": event.subject_id},
        "links": event.links,
        "status": event.status,
        "cost": cost,
        "details": event.details,
        "trace_id": event.trace_id,
    }


def _linked(links: dict[str, Any]) -> Iterator[str]:
    for value in links.values():
        yield from value if isinstance(value, list) else [value]
