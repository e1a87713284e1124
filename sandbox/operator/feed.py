"""The ledger of all organizations and the one cursor over everything that changes (ours, INF)."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, QuerySet

from sandbox import ledger
from sandbox.errors import invalid
from sandbox.ids import iso
from sandbox.models import Agent, Change, Event, Feedback
from sandbox.models.operator import ChangeKind
from sandbox.operator import payments
from sandbox.operator.agents import agent_row
from sandbox.operator.lists import Page, ending
from sandbox.operator.payments import payment_row
from sandbox.operator.reports import feedback_row
from sandbox.rules import pages

Rows = dict[str, dict[str, Any]]
EVENT = "event"
_LOCKS = {Change: "LOCK TABLE sandbox_change IN SHARE MODE", Event: "LOCK TABLE sandbox_event IN SHARE MODE"}


def ledger_page(events: QuerySet[Event], page: Page) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Events in the order of the ledger, each with whose it is."""
    _, last = pages.read_pair(page.cursor)
    found = _next(events, Event, last, page.limit + 1)
    shown = found[: page.limit]
    cursor = pages.pair_cursor(0, shown[-1].pk) if shown else page.cursor
    return ledger_rows(shown), ending(cursor, has_more=len(found) > len(shown))


def changes_page(page: Page, kind: str = "") -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Changed things in their present state, then new activity; a thing that changed twice in a page is told once.

    One cursor holds a place in each of the two lines. New activity has a line of its own because it is its own change.
    With a `kind` only what is of it; a cursor goes on with the kind that it began with.
    """
    last_change, last_event = pages.read_pair(page.cursor)
    changed = Change.objects.filter(kind=kind) if kind else Change.objects.all()
    changes = _next(changed, Change, last_change, page.limit)
    told = Event.objects.all() if kind in {"", EVENT} else Event.objects.none()
    events = _next(told, Event, last_event, page.limit - len(changes))
    last_change = changes[-1].pk if changes else last_change
    last_event = events[-1].pk if events else last_event
    has_more = len(changes) + len(events) == page.limit
    rows = [*_change_rows(changes), *(_event_change(row) for row in ledger_rows(events))]
    return rows, ending(pages.pair_cursor(last_change, last_event), has_more=has_more)


def read_kind(text: str) -> str:
    """One kind of change, or none for all. Raises INVALID_ARGUMENTS."""
    kinds = [*ChangeKind.values, EVENT]
    if text and text not in kinds:
        raise invalid("This is no kind of change.", accepted_values=kinds)
    return text


def ledger_rows(events: list[Event]) -> list[dict[str, Any]]:
    """The public form of each event, and its agent and organization."""
    whose = Agent.objects.only("organization_id").in_bulk({event.agent_id for event in events})
    return [
        row | {"agent_id": event.agent_id, "organization_id": whose[event.agent_id].organization_id}
        for event, row in zip(events, ledger.event_rows(events), strict=True)
    ]


def _next(rows: QuerySet[Any], model: type[Change] | type[Event], after: int, limit: int) -> list[Any]:
    return list(rows.filter(pk__gt=after, pk__lte=_settled(model)).order_by("pk")[:limit]) if limit else []


def _settled(model: type[Change] | type[Event]) -> int:
    """The highest row number below which none can appear any more.

    PostgreSQL numbers a row when it is written and shows it at commit, so a lower number may still be on its way;
    this lock waits for every writer that already has one. SQLite has one writer at a time.
    """
    if connection.vendor != "postgresql":
        return _highest(model)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCKS[model])
        return _highest(model)


def _highest(model: type[Change] | type[Event]) -> int:
    return model.objects.aggregate(highest=Max("pk"))["highest"] or 0


def _event_change(row: dict[str, Any]) -> dict[str, Any]:
    return _told(EVENT, row["event_id"], row["occurred_at"], row)


def _change_rows(changes: list[Change]) -> list[dict[str, Any]]:
    """The present state of each changed thing, at the place of its last change."""
    latest = {(change.kind, change.reference): change for change in changes}
    rows: dict[str, Rows] = {}
    for kind, read in _READERS.items():
        wanted = {reference for known, reference in latest if known == kind}
        rows[kind] = read(wanted) if wanted else {}
    return [
        _told(kind, reference, iso(change.changed_at), rows[kind][reference])
        for (kind, reference), change in sorted(latest.items(), key=lambda item: item[1].pk)
    ]


def _told(kind: str, reference: str, at: str | None, item: dict[str, Any]) -> dict[str, Any]:
    whose = {"agent_id": item["agent_id"], "organization_id": item["organization_id"]}
    return {"kind": kind, "id": reference, **whose, "changed_at": at, "item": item}


def _agents(ids: Iterable[str]) -> Rows:
    return {agent.pk: agent_row(agent) for agent in Agent.objects.select_related("guardrails").filter(pk__in=ids)}


def _reports(ids: Iterable[str]) -> Rows:
    found = Feedback.objects.select_related("agent", "answer").filter(pk__in=ids)
    return {report.pk: feedback_row(report) for report in found}


def _payments(ids: Iterable[str]) -> Rows:
    return {attempt.pk: payment_row(attempt) for attempt in payments.attempts().filter(pk__in=ids)}


_READERS: dict[str, Callable[[Iterable[str]], Rows]] = {
    ChangeKind.AGENT: _agents,
    ChangeKind.FEEDBACK: _reports,
    ChangeKind.PAYMENT: _payments,
}
