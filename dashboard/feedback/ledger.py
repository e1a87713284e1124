"""What ledgers tell of feedback: that it was left, and what the service's own queue at GitHub made of it.

It joins the reports by their id, in whichever order both come. Where nobody lets us read the text, a report is made of
what the ledger has: ids, moments, the words of its details.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from api_client import JsonObject, LedgerEvent
from dashboard.activity.models import Event
from dashboard.feedback.arrival import TITLE_LIMIT, WORD_LIMIT, told_words
from dashboard.feedback.inert import inert_line
from dashboard.feedback.intake import Whose, report_make, reports_place
from dashboard.feedback.models import Report

CREATED, GITHUB = "feedback.created", "feedback.github_queue.processed"
TYPES = (CREATED, GITHUB)
ISSUES_AT_MOST = 10


@dataclass(frozen=True)
class Told:
    """One line of a ledger about one report."""

    feedback_id: str
    whose: Whose
    type: str
    at: datetime
    trace_id: str
    details: JsonObject


def told_of_mirror(events: Iterable[Event]) -> list[Told]:
    """Return what rows of our mirror tell; their agents are loaded."""
    return [
        Told(
            _feedback_id(event.links, event.subject_id),
            Whose(event.agent.remote_id, event.agent.organization_id, event.workspace_id),
            event.type,
            event.occurred_at,
            event.trace_id,
            event.details,
        )
        for event in events
        if event.type in TYPES
    ]


def told_of_operator(events: Iterable[LedgerEvent]) -> list[Told]:
    """Return what the ledger of all organizations tells."""
    return [
        Told(
            _feedback_id(event.links, event.subject_id or ""),
            Whose(event.agent_id, event.organization_id, None),
            event.type,
            event.occurred_at,
            (event.trace_id or "")[:200],
            event.details,
        )
        for event in events
        if event.type in TYPES
    ]


def told_of_malformed(rows: Iterable[object], *, at: datetime) -> list[Told]:
    """Return what can still be told of rows that break the contract: which report, and whose, since we have seen it."""
    told = []
    for row in rows:
        ids = row if isinstance(row, dict) else {}
        feedback_id, agent, organization = (_line(ids.get(name), 160) for name in ("id", "agent_id", "organization_id"))
        if feedback_id and agent:
            told.append(Told(feedback_id, Whose(agent, organization, None), CREATED, at, "", {}))
    return told


def told_apply(told: Sequence[Told], *, at: datetime) -> None:
    """Join lines of a ledger to their reports; the intake's row is locked by the caller."""
    told = sorted((one for one in told if one.feedback_id), key=lambda one: one.at)
    known = _known(told)
    first = {one.feedback_id: one for one in reversed(told) if one.feedback_id not in known}
    reports_place([_report_from(one, at=at) for one in first.values()], at=at)
    known |= _known(list(first.values()))
    for one in told:
        _join(known[one.feedback_id], one)


def _known(told: Iterable[Told]) -> dict[str, Report]:
    ids = {one.feedback_id for one in told}
    return {report.remote_id: report for report in Report.objects.filter(remote_id__in=ids)}


def _report_from(one: Told, *, at: datetime) -> Report:
    words = told_words(one.details if one.type == CREATED else {})
    columns = {**words, "created_at": one.at, "request_trace_id": one.trace_id if one.type == CREATED else ""}
    return report_make(one.feedback_id, one.whose, columns, at=at)


def _join(report: Report, one: Told) -> None:
    """Write down what a line adds; an agent's own report alone, for an id is no proof of whose it is."""
    if report.agent_remote_id != one.whose.agent_remote_id:
        return
    rows = Report.objects.filter(pk=report.pk)
    if one.whose.workspace_id:
        rows.filter(workspace=None).update(workspace_id=one.whose.workspace_id)
    if one.type == GITHUB:
        rows.filter(Q(github_at=None) | Q(github_at__lt=one.at)).update(github_at=one.at, **_github(one.details))


def _github(details: JsonObject) -> dict[str, Any]:
    queue = details.get("github_queue")
    queue = queue if isinstance(queue, dict) else {}
    urls = queue.get("issue_urls")
    return {
        "github_state": _line(queue.get("state"), WORD_LIMIT)[:64],
        "github_reason": _line(queue.get("reason"), TITLE_LIMIT)[:254],
        "github_issues": [_line(url, 300) for url in urls[:ISSUES_AT_MOST]] if isinstance(urls, list) else [],
    }


def _line(value: object, limit: int) -> str:
    return inert_line(value, limit=limit).text if isinstance(value, str) else ""


def _feedback_id(links: JsonObject, subject_id: str) -> str:
    linked = links.get("feedback_id")
    return linked[:200] if isinstance(linked, str) and linked else subject_id
