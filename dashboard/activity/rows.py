"""Rows of the ledger as HTML: drawn once for a kind of event, then written for each event of that kind.

An event never changes, so its row is remembered. A new one is written into the drawing of its kind, for all that
differs between two of a kind is a few texts, and drawing it by the template takes several times as long.
"""

import re
import secrets
from datetime import UTC, datetime
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils.html import escape

from dashboard.activity.selectors import EventLine
from dashboard.activity.sentences import sentence_of
from dashboard.agents.models import Agent, shown_name
from dashboard.lib.kept import SHELF, Kept, Shelf
from dashboard.lib.templatetags.ui import moment

# Bytes of drawings that a process remembers: about a thousand.
ROOM = 4 * 2**20


class Shown(NamedTuple):
    """Everything that a row is made of; without a `workspace_key` it links nothing, and an agent only if linked."""

    event: EventLine
    zone: str
    with_agent: bool
    workspace_key: str | None
    depth: int = 0
    is_here: bool = False


class Drawing(NamedTuple):
    """The row of a kind of event: HTML, the blank that follows it, and so on; HTML at the end."""

    pieces: list[str]

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return 2 * sum(map(len, self.pieces)) + 1_000


DRAWINGS: Shelf[Drawing] = Shelf(ROOM)

# What stands in a drawing for an event's own: nobody can write it, for nobody outside this process knows it. The
# agent's id has the form of one, and the number is one, since addresses are made of them.
_SECRET = secrets.token_hex(16)
_SUMMARY, _AGENT, _NAME, _AT = (f"blank_{_SECRET}-{name}" for name in ("summary", "agent", "name", "at"))
_NUMBER = 2**61 + secrets.randbelow(2**61)
_MOMENT = re.compile(r'<time class="moment".*?</time>')
_BLANK = re.compile(f"({_SUMMARY}|{_AGENT}|{_NAME}|{_AT}|{_NUMBER})")


def row_kept(shown: Shown) -> Kept:
    """Return the row, with its moment to be said at any time."""
    return SHELF.get(shown) or SHELF.put(shown, Kept(_html(shown)))


def _html(shown: Shown) -> str:
    # A row without a page of its event shows its ids, with their middles apart.
    return _written(shown) if shown.workspace_key and not shown.is_here else _drawn(shown)


def _written(shown: Shown) -> str:
    kind, event = _kind(shown), shown.event
    drawing = DRAWINGS.get(kind) or DRAWINGS.put(kind, Drawing(_BLANK.split(_MOMENT.sub(_AT, _drawn(kind)))))
    own = {
        str(_NUMBER): str(event.pk),
        _SUMMARY: escape(event.summary),
        _AGENT: event.agent__remote_id,
        _NAME: escape(shown_name(event.agent__name, event.agent__remote_id)),
        _AT: moment(event.occurred_at),
    }
    written = drawing.pieces.copy()
    written[1::2] = [own[blank] for blank in written[1::2]]
    return "".join(written)


def _kind(shown: Shown) -> Shown:
    """Return a row with blanks for what its template puts in as it is; ids, which it does not show, are left out."""
    event = shown.event
    line = EventLine(
        pk=_NUMBER,
        occurred_at=datetime.fromtimestamp(0, UTC),
        remote_id="",
        type=event.type,
        status=event.status,
        summary=event.summary and _SUMMARY,
        subject_id="",
        job_id="",
        capability_id="",
        trace_id="",
        credits_delta=event.credits_delta,
        agent_id=0,
        agent__remote_id=_AGENT,
        agent__name=_NAME,
        is_linked=event.is_linked,
    )
    return shown._replace(event=line)


def _drawn(shown: Shown) -> str:
    agent = Agent(remote_id=shown.event.agent__remote_id, name=shown.event.agent__name)
    sentence = sentence_of(shown.event.type, shown.event.status)
    return render_to_string("activity/_event_row.html", {**shown._asdict(), "agent": agent, "sentence": sentence})
