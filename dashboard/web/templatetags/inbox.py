"""The count of the inbox in the navigation."""

from django import template
from django.template import Context

from dashboard.accounts.models import Workspace
from dashboard.credits.waiting import inbox_count

register = template.Library()


@register.simple_tag(name="inbox_count", takes_context=True)
def inbox_count_tag(context: Context, workspace: Workspace | None) -> int:
    """Return how much waits; a page that has counted it with its rows says so by `inbox_waiting`."""
    counted: int | None = context.get("inbox_waiting")
    if counted is None:
        return inbox_count(workspace) if workspace else 0
    return counted
