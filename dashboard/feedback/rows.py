"""The queue's rows and facets as its page draws them: everything that is shown, as plain values."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import Value
from django.utils import timezone

from dashboard.feedback.counts import Counts
from dashboard.feedback.counts import Value as Counted
from dashboard.feedback.models import Cluster, Level, Sureness
from dashboard.feedback.queue import FACETS, Line, QueueFilter
from dashboard.feedback.weight import CONFIDENCE, SEVERITY, weight_text
from dashboard.lib.glossary import GLOSSARY, word_for

# A reviewer who was not seen for so long has gone on to something else.
HELD_FOR = timedelta(minutes=2)
TITLES = {
    "type": "Type",
    "severity": "Severity",
    "confidence": "Confidence",
    "state": "State",
    "surface": "Surface",
    "agent": "Agent",
    "command": "Command, the agent says",
    "error_code": "Error code, the agent says",
}


class Row(NamedTuple):
    """One row, complete: the page keeps its HTML by these values."""

    line: Line
    weight: str
    formula: str
    level: str
    said_level: str
    assignee: str
    holder: str

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.assignee.split()[:2]).upper()

    @property
    def times(self) -> int:
        """How often it was reported, where that is more than once."""
        return self.line.report_count if self.line.report_count > 1 else 0


class FacetValue(NamedTuple):
    text: str
    clusters: int
    url: str
    is_used: bool


class FacetBlock(NamedTuple):
    name: str
    title: str
    values: tuple[FacetValue, ...]


def rows_of(lines: Iterable[Line], *, now: datetime) -> list[Row]:
    return [_row(line, now) for line in lines]


def formula_text(line: Line) -> str:
    """Return the weight as the sum that it is (`dashboard/feedback/weight.py`)."""
    severity, sureness, agents = Level(line.severity), Sureness(line.confidence), max(line.agent_count, 1)
    return (
        f"{severity.label} {SEVERITY[severity]} x {sureness.label} confidence {CONFIDENCE[sureness]} x "
        f"{agents:,} agent{'s' if agents > 1 else ''}, halved every 7 days since the last report"
    )


def facet_blocks(counts: Counts, wanted: QueueFilter) -> tuple[FacetBlock, ...]:
    """Return the facets that have something to tell apart."""
    return _blocks(tuple(counts.facets.items()), wanted)


@lru_cache(maxsize=200)
def _blocks(facets: tuple[tuple[str, tuple[Counted, ...]], ...], wanted: QueueFilter) -> tuple[FacetBlock, ...]:
    told = dict(facets)
    blocks = [FacetBlock(name, TITLES[name], _values(name, told[name], wanted)) for name in FACETS]
    return tuple(block for block in blocks if block.values)


def _row(line: Line, now: datetime) -> Row:
    is_held = line.hold__seen_at is not None and now - line.hold__seen_at < HELD_FOR
    return Row(
        # Whose a hold is, is shown, not when it was last renewed.
        line._replace(hold__seen_at=None, hold__user__name=None),
        weight_text(line.ranks_at, now),
        formula_text(line),
        str(Level(line.severity).label),
        str(Level(line.said_severity).label),
        line.assignee__name or line.assignee__email or "",
        (line.hold__user__name or "Somebody") if is_held else "",
    )


def _values(name: str, told: Iterable[Counted], wanted: QueueFilter) -> tuple[FacetValue, ...]:
    chosen = getattr(wanted, name)
    values = []
    for value in told:
        is_used = value.text == chosen
        query = {**vars(wanted), name: "" if is_used else value.text}
        url = "?" + urlencode({key: part for key, part in query.items() if part})
        values.append(FacetValue(_text(name, value.text), value.clusters, url, is_used))
    return tuple(values)


def _text(name: str, raw: str) -> str:
    kind = {"state": "feedback_state", "severity": "feedback_level", "confidence": "feedback_level"}.get(name)
    return word_for(kind, raw).text if kind in GLOSSARY else raw


def item_row(cluster: Cluster) -> Row:
    """Return what the queue says of one cluster."""
    lines = Cluster.objects.filter(pk=cluster.pk).annotate(is_like_another=Value(value=False))
    line = Line._make(lines.values_list(*Line._fields).get())
    return _row(line, timezone.now())
