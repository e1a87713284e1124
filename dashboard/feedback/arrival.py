"""What the service tells of a report -> the columns of its row: inert, bounded, with what was found in it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from api_client import OperatorFeedback
from dashboard.feedback.cited import error_code_of, ids_of
from dashboard.feedback.inert import Inert, inert, inert_line, instructs
from dashboard.feedback.weight import level_of, sureness_of
from dashboard.lib.dates import showable

# The service takes 10,000 characters a text; whatever another one takes ends here.
BODY_LIMIT, TEXT_LIMIT, TITLE_LIMIT, WORD_LIMIT, LIST_LIMIT = 10_000, 4_000, 200, 48, 20
_TEXTS = ("command", "expected", "actual", "friction", "proof_needed", "strategic_reason")


@dataclass
class _Found:
    """What was found on the way, over all texts of one report."""

    masked: dict[str, None] = field(default_factory=dict)
    unseen: int = 0
    is_cut: bool = False

    def take(self, part: Inert) -> str:
        self.masked |= dict.fromkeys(part.masked)
        self.unseen += part.shown
        self.is_cut |= part.is_cut
        return part.text


def report_columns(record: OperatorFeedback) -> dict[str, Any]:
    """Return the columns of Report that the text fills; whose it is, is not among them."""
    found = _Found()

    def line(text: str | None, limit: int) -> str:
        return found.take(inert_line(text or "", limit=limit))

    columns: dict[str, Any] = {name: found.take(inert(getattr(record, name), limit=TEXT_LIMIT)) for name in _TEXTS}
    columns |= {"title": line(record.title, TITLE_LIMIT), "body": found.take(inert(record.body, limit=BODY_LIMIT))}
    columns |= {
        "surface": [line(one, WORD_LIMIT) for one in record.surface[:LIST_LIMIT]],
        "evidence": [line(one, TITLE_LIMIT) for one in record.evidence[:LIST_LIMIT]],
        "dedupe_key": line(record.dedupe_key, 160)[:200],
        "source": line(record.source, 160)[:200],
        "trace_id": line(record.trace_id, 160)[:200],
        "request_trace_id": line(record.request_trace_id, 160)[:200],
    }
    texts = [columns[name] for name in ("actual", "body", "title", "command", "friction")]
    columns |= {
        "cited": ids_of([columns["trace_id"], *columns["evidence"], *texts, columns["expected"]]),
        "error_code": error_code_of(texts),
        "answer": _answer(record),
        "instructs": list(instructs("\n".join((record.title[:TITLE_LIMIT], record.body[:BODY_LIMIT], *texts)))),
    }
    words = told_words({name: getattr(record, name) for name in ("type", "severity", "confidence", "next_state")})
    found_columns = {"masked": list(found.masked), "unseen_signs": found.unseen, "is_cut": found.is_cut}
    return {**columns, **words, **found_columns, "has_text": True, "created_at": showable(record.created_at)}


def told_words(told: Mapping[str, object]) -> dict[str, Any]:
    """Return type, severity, confidence and next state as words and as levels, from a report or from its event."""
    words = dict.fromkeys(("type", "severity", "confidence", "next_state"), "")
    words |= {
        name: inert_line(value, limit=WORD_LIMIT).text[:64]
        for name, value in told.items()
        if name in words and isinstance(value, str)
    }
    severity, sureness = level_of(words["severity"]), sureness_of(words["confidence"])
    return {**words, "severity_said": severity, "severity_counted": severity, "sureness": sureness}


def _answer(record: OperatorFeedback) -> dict[str, str] | None:
    if record.answer is None:
        return None
    at: datetime | None = record.answer.answered_at
    return {
        "text": inert(record.answer.text, limit=TEXT_LIMIT).text,
        "decision": inert_line(record.answer.decision or "", limit=WORD_LIMIT).text,
        "url": inert_line(record.answer.url or "", limit=500).text,
        "at": at.isoformat() if at else "",
    }
