"""Feedback with its text, and the answer to it (ours, INF)."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from sandbox import changes, feedback, ledger
from sandbox.errors import ApiError, invalid
from sandbox.ids import iso
from sandbox.models import Feedback, FeedbackAnswer
from sandbox.models.operator import ChangeKind
from sandbox.rules import fields

_TEXT_LIMIT, _URL_LIMIT = 4000, 500


def feedback_row(report: Feedback) -> dict[str, Any]:
    """One item as the agent sent it, without tokens (contract 3.14), and its answer."""
    answer = getattr(report, "answer", None)
    return {
        "feedback_id": report.id,
        "agent_id": report.agent_id,
        "organization_id": report.agent.organization_id,
        "created_at": iso(report.created_at),
        "request_trace_id": report.trace_id,
        "title": report.title,
        "body": report.body,
        **report.fields,
        "quality": report.quality,
        "answer": ledger.answer_row(answer) if answer else None,
    }


def feedback_get(feedback_id: str) -> Feedback:
    """One item of whatever organization. Raises FEEDBACK_NOT_FOUND."""
    report = Feedback.objects.select_related("agent", "answer").filter(pk=feedback_id).first()
    if report is None:
        raise ApiError("FEEDBACK_NOT_FOUND", "No feedback has this id.")
    return report


def read_answer(body: fields.Body) -> dict[str, str]:
    """Text, and at will a decision (a plain word) and an address. Raises INVALID_ARGUMENTS."""
    decision, url = body.get("decision"), fields.text(body, "url", limit=_URL_LIMIT)
    if decision is not None and fields.slug(decision) is None:
        raise invalid("decision must be a word of a-z, 0-9, dot, dash and underscore.")
    if url and not url.startswith(("https://", "http://")):
        raise invalid("url must begin with https:// or http://.")
    text = feedback.without_tokens(fields.required_text(body, "text", limit=_TEXT_LIMIT))
    return {"text": text, "decision": decision or "", "url": url}


@transaction.atomic
def feedback_answer(feedback_id: str, answer: dict[str, str]) -> Feedback:
    """Answers, in the place of an earlier answer. The agent finds it in the item's events."""
    report = feedback_get(feedback_id)
    FeedbackAnswer.objects.update_or_create(feedback=report, defaults={**answer, "answered_at": timezone.now()})
    changes.note(report.agent, ChangeKind.FEEDBACK, report.id)
    return feedback_get(feedback_id)
