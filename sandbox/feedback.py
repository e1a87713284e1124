"""Feedback: kept as it was said, answered with guidance, told to the ledger without a word of it (contract 3.14)."""

import re
from typing import Any

from django.db import transaction
from django.utils import timezone

from sandbox import book, changes, ledger
from sandbox.errors import invalid
from sandbox.ids import new_id
from sandbox.models import Agent, Event, Feedback
from sandbox.models.activity import EventType
from sandbox.models.operator import ChangeKind
from sandbox.rules import fields, guidance

_TEXTS = ("command", "expected", "actual", "friction", "proof_needed", "strategic_reason")
_NAMES = ("dedupe_key", "source", "trace_id")
_WORDS = {"type": "user_feedback", "severity": "medium", "confidence": "medium", "next_state": "watch"}
_TOKEN = re.compile(r"isk_r_[\w-]+")
_TEXT_LIMIT, _TITLE_LIMIT, _LIST_LIMIT = 10_000, 300, 50


def read_report(body: fields.Body) -> tuple[dict[str, Any], list[str]]:
    """A clean report and warnings. Raises INVALID_ARGUMENTS without title and body, and for wrong types."""
    warnings: list[str] = []
    report: dict[str, Any] = {name: fields.text(body, name, limit=_TEXT_LIMIT) for name in _TEXTS}
    report |= {name: fields.text(body, name) for name in _NAMES}
    report["title"] = fields.text(body, "title", limit=_TITLE_LIMIT)
    report["body"] = fields.text(body, "body", limit=_TEXT_LIMIT)
    if not report["title"] and not report["body"]:
        raise invalid("A title or a body is required.")
    for name, default in _WORDS.items():
        word = fields.slug(body.get(name))
        if word is None and body.get(name) is not None:
            warnings.append(f"{name} was not understood and is taken as {default}.")
        report[name] = word or default
    report |= {"surface": _strings(body, "surface") or ["cli"], "evidence": _strings(body, "evidence")}
    report["allow_weak_signal"] = fields.flag(body, "allow_weak_signal")
    # Agents paste whole sessions; a token that spends credits must not rest in a report.
    clean = {name: without_tokens(value) for name, value in report.items()}
    if clean != report:
        warnings.append("Something that looks like a token was removed. Replace that token by signing up again.")
    return clean, warnings


def feedback_create(agent: Agent, report: dict[str, Any], trace_id: str) -> Feedback:
    """Stores the report and its one event."""
    now = timezone.now()
    quality = guidance.judge(report)
    feedback = Feedback(
        id=new_id("sig"),
        agent=agent,
        trace_id=trace_id,
        title=report["title"],
        body=report["body"],
        fields={name: value for name, value in report.items() if name not in {"title", "body"}},
        quality=quality.row(),
        created_at=now,
    )
    event = Event(
        type=EventType.FEEDBACK_CREATED,
        occurred_at=now,
        summary="Feedback recorded",
        operation="feedback",
        subject_type="feedback",
        subject_id=feedback.id,
        status="completed",
        trace_id=trace_id,
        links={"feedback_id": feedback.id},
        details={name: report[name] for name in _WORDS} | {"quality_score": quality.score},
    )
    with transaction.atomic():
        book.lock(agent)
        feedback.save(force_insert=True)
        ledger.record(agent, [event])
        changes.note(agent, ChangeKind.FEEDBACK, feedback.id)
    return feedback


def quality_warnings(quality: dict[str, Any], *, is_expected_weak: bool) -> list[str]:
    """One warning for a weak report, unless the caller said that it knows."""
    if quality["signal"] != "weak" or is_expected_weak:
        return []
    return [f"This is a weak signal. {' '.join(quality['guidance'])}"]


def _strings(body: fields.Body, name: str) -> list[str]:
    value = body.get(name)
    if value is None:
        return []
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or len(items) > _LIST_LIMIT:
        raise invalid(f"{name} must be a list of at most {_LIST_LIMIT} texts.")
    return [fields.required_text({name: item}, name, limit=_TITLE_LIMIT) for item in items]


def without_tokens(value: Any) -> Any:  # noqa: ANN401 - text, list of texts or flag
    """The same value with everything that looks like a token of ours taken out."""
    if isinstance(value, str):
        return _TOKEN.sub("[redacted-token]", value)
    if isinstance(value, list):
        return [without_tokens(item) for item in value]
    return value
