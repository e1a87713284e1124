"""`{% load ledger %}`: rows of the ledger. An event never changes: each is rendered once, then remembered."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django import template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dateformat import format as date_text
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from dashboard.accounts.models import Workspace
from dashboard.activity.selectors import EventLine
from dashboard.activity.sentences import sentence_of
from dashboard.activity.strands import Step
from dashboard.agents.models import Agent
from dashboard.lib.kept import SHELF, Kept

register = template.Library()


class Shown(NamedTuple):
    """Everything that a row is made of; without a `workspace_key` it links nothing, and an agent only if linked."""

    event: EventLine
    zone: str
    with_agent: bool
    workspace_key: str | None
    depth: int = 0
    is_here: bool = False


@register.simple_tag
def event_rows(
    events: Iterable[EventLine],
    *,
    with_agent: bool = False,
    workspace: Workspace | None = None,
) -> SafeString:
    """Draw events, newest first, under their days in the viewer's zone; `workspace` has their pages and the agents'."""
    zone = timezone.get_current_timezone_name()
    key = workspace.key if workspace else None
    wanted = (Shown(one, zone, bool(with_agent), key) for one in events)
    return format_html('<ol class="timeline">{}</ol>', mark_safe("".join(_with_days(wanted))))  # noqa: S308 - rendered


@register.simple_tag
def event_trail(steps: Iterable[Step], *, here: int, workspace: Workspace) -> SafeString:
    """Draw the steps of a trail, indented, marking the event whose page it is."""
    zone, now = timezone.get_current_timezone_name(), timezone.now()
    wanted = (Shown(one.line, zone, True, workspace.key, one.depth, one.line.pk == here) for one in steps)
    rows = "".join(_kept(shown).said_at(now) for shown in wanted)
    return format_html('<ol class="timeline trail">{}</ol>', mark_safe(rows))  # noqa: S308 - rendered


def _with_days(wanted: Iterable[Shown]) -> Iterator[str]:
    now, day = timezone.now(), None
    for shown in wanted:
        local = timezone.localtime(shown.event.occurred_at)
        if local.date() != day:
            day = local.date()
            yield format_html('<li class="timeline__day">{}</li>', date_text(local, "l, j F Y"))
        yield _kept(shown).said_at(now)


def _kept(shown: Shown) -> Kept:
    return SHELF.get(shown) or SHELF.put(shown, Kept(_html(shown)))


def _html(shown: Shown) -> str:
    agent = Agent(remote_id=shown.event.agent__remote_id, name=shown.event.agent__name)
    sentence = sentence_of(shown.event.type, shown.event.status)
    return render_to_string("activity/_event_row.html", {**shown._asdict(), "agent": agent, "sentence": sentence})
