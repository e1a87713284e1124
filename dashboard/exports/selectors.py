"""Reading exports: each person's own, of what they may see still."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from dashboard.accounts.models import User
from dashboard.accounts.selectors import membership_list
from dashboard.exports.kinds import KINDS
from dashboard.exports.models import Export
from dashboard.lib.paging import Page, page_get

PAGE_SIZE = 25


def export_list(user: User) -> QuerySet[Export]:
    """Return what a person asked for in workspaces that they are in, and with platform roles that they hold."""
    here = [one.workspace_id for one in membership_list(user)]
    over_all = [kind.name for kind in KINDS.values() if not kind.platform_roles.isdisjoint(user.platform_roles)]
    visible = Q(workspace_id__in=here) | Q(workspace=None, kind__in=over_all)
    return Export.objects.filter(visible, asked_by=user, kind__in=KINDS).select_related("workspace", "asked_by")


def export_page(user: User, *, cursor: str) -> Page[Export]:
    return page_get(export_list(user), by="asked_at", cursor=cursor, size=PAGE_SIZE)


def export_get(user: User, key: UUID) -> Export:
    """Return a person's export; raises Http404 alike for another's, one they may not have any more, and none."""
    found = export_list(user).filter(key=key).first()
    if found is None or not KINDS[found.kind].is_for(user, found.workspace):
        raise Http404
    return found
