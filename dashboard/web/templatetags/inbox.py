"""The count of the inbox in the navigation."""

from django import template

from dashboard.accounts.models import Workspace
from dashboard.web.inbox import inbox_count

register = template.Library()


@register.simple_tag(name="inbox_count")
def inbox_count_tag(workspace: Workspace | None) -> int:
    return inbox_count(workspace) if workspace else 0
