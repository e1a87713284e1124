"""`{% load ledger %}`: rows of the ledger under their days, and as the steps of a trail."""

from collections.abc import Iterable, Iterator

from django import template
from django.utils import timezone
from django.utils.dateformat import format as date_text
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from dashboard.accounts.models import Workspace
from dashboard.activity.rows import Shown, row_kept
from dashboard.activity.selectors import EventLine
from dashboard.activity.strands import Step

register = template.Library()


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
    rows = "".join(row_kept(shown).said_at(now) for shown in wanted)
    return format_html('<ol class="timeline trail">{}</ol>', mark_safe(rows))  # noqa: S308 - rendered


def _with_days(wanted: Iterable[Shown]) -> Iterator[str]:
    now, zone, day = timezone.now(), timezone.get_current_timezone(), None
    for shown in wanted:
        local = shown.event.occurred_at.astimezone(zone)
        if local.date() != day:
            day = local.date()
            yield format_html('<li class="timeline__day">{}</li>', date_text(local, "l, j F Y"))
        yield row_kept(shown).said_at(now)
