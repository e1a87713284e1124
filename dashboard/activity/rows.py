"""Rows of the ledger as HTML: drawn once for a kind of event, then written for each event of that kind.

An event never changes, so its row is remembered. A new one is written into the drawing of its kind, for all that
differs between two of a kind is a few texts, and drawing it by the template takes several times as long.
"""

import secrets
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import escape

from dashboard.activity.selectors import EventLine
from dashboard.activity.sentences import sentence_of
from dashboard.agents.models import Agent, shown_name
from dashboard.lib.kept import SHELF, Drawing, Kept, mark
from dashboard.lib.presentation import exact_text, relative_text, utc_text
from dashboard.lib.templatetags.ui import moment


class Shown(NamedTuple):
    """Everything that a row is made of; without a `workspace_key` it links nothing, and an agent only if linked."""

    event: EventLine
    zone: str
    with_agent: bool
    workspace_key: str | None
    depth: int = 0
    is_here: bool = False


# What stands for an event's own number, id and moment while its kind is drawn: addresses are made of the first two.
_NUMBER, _AGENT = 2**61 + secrets.randbelow(2**61), f"agent_{secrets.token_hex(16)}"
_LONG_AGO = datetime.fromtimestamp(0, UTC)
KINDS_KEPT = 1_000


def row_kept(shown: Shown) -> Kept:
    """Return the row, with its moment to be said at any time."""
    return SHELF.get(shown) or SHELF.put(shown, _row(shown))


def _row(shown: Shown) -> Kept:
    # A row without a page of its event shows its ids, with their middles apart.
    return _written(shown) if shown.workspace_key and not shown.is_here else Kept(_drawn(shown))


def _written(shown: Shown) -> Kept:
    event = shown.event
    # To the second, as a page tells it.
    at = timezone.localtime(event.occurred_at).replace(microsecond=0)
    own = {
        "number": str(event.pk),
        "agent": escape(event.agent__remote_id),
        "name": escape(shown_name(event.agent__name, event.agent__remote_id)),
        "summary": escape(event.summary),
        **_texts_of(at),
    }
    return _drawing(_kind(shown)).written(own, at)


@lru_cache(maxsize=KINDS_KEPT)
def _drawing(kind: Shown) -> Drawing:
    at, told = timezone.localtime(_LONG_AGO), moment(_LONG_AGO)
    with_holes = str(told)
    # So long ago is told by the date, which the exact moment begins with: it comes last.
    for name, text in {**_texts_of(at), Drawing.AGO: relative_text(at, timezone.now())}.items():
        with_holes = with_holes.replace(text, mark(name))
    html = _drawn(kind).replace(told, with_holes)
    return Drawing(html.replace(str(_NUMBER), mark("number")).replace(_AGENT, mark("agent")))


def _texts_of(at: datetime) -> dict[str, str]:
    """Return what `{% moment %}` tells beside how long ago it was."""
    return {"exact": exact_text(at), "datetime": utc_text(at)}


def _kind(shown: Shown) -> Shown:
    """Return a row without what its template puts in as it is; ids, which it does not show, are left out."""
    event = shown.event
    line = EventLine(
        pk=_NUMBER,
        occurred_at=_LONG_AGO,
        remote_id="",
        type=event.type,
        status=event.status,
        summary=event.summary and mark("summary"),
        subject_id="",
        job_id="",
        capability_id="",
        trace_id="",
        credits_delta=event.credits_delta,
        agent_id=0,
        agent__remote_id=_AGENT,
        agent__name=mark("name"),
        is_linked=event.is_linked,
    )
    return shown._replace(event=line)


def _drawn(shown: Shown) -> str:
    agent = Agent(remote_id=shown.event.agent__remote_id, name=shown.event.agent__name)
    sentence = sentence_of(shown.event.type, shown.event.status)
    return render_to_string("activity/_event_row.html", {**shown._asdict(), "agent": agent, "sentence": sentence})
