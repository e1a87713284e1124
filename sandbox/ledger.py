"""The activity ledger: only the 14 published types, newest first, found again by every id that they name."""

from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.ids import iso, new_id
from sandbox.models import Agent, Event, EventReference, FeedbackAnswer
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
        for reference in references_of(event)
    )


def references_of(event: Event) -> list[str]:
    """Every id that the event names, each once."""
    return list(dict.fromkeys([event.subject_id, event.trace_id, *_linked(event.links)]))


def newest(agent: Agent, *, limit: int, subject: str = "") -> list[Event]:
    """The agent's own events; with a subject, those that name it in any role."""
    events = Event.objects.filter(agent=agent)
    if subject:
        exact = list(events.filter(event_id=subject))
        if exact:
            return exact
        events = events.filter(references__agent=agent, references__reference=subject)
    return list(events.order_by("-id")[:limit])


def event_rows(events: list[Event]) -> list[dict[str, Any]]:
    """Events on the wire; those of a feedback item that was answered carry `details.answer` (ours, INF)."""
    rows = [_event_row(event) for event in events]
    about = [event.subject_id for event in events if event.subject_type == "feedback"]
    # Joined at reading, since a line of the ledger is never rewritten.
    answers = FeedbackAnswer.objects.in_bulk(about) if about else {}
    for row in rows:
        answer = answers.get(row["subject"]["id"])
        if answer is not None:
            row["details"] = row["details"] | {"answer": answer_row(answer)}
    return rows


def answer_row(answer: FeedbackAnswer) -> dict[str, Any]:
    """What the people of the service said to a feedback item."""
    return {
        "text": answer.text,
        "decision": answer.decision or None,
        "url": answer.url or None,
        "answered_at": iso(answer.answered_at),
    }


def _event_row(event: Event) -> dict[str, Any]:
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
