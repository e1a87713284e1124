"""What sponsors see: their own agents' feedback and its fate, read only, without a word of who else is hit."""

from dashboard.accounts.models import Workspace
from dashboard.feedback.models import Report
from dashboard.lib.paging import Page, page_get

PAGE_SIZE = 30


def own_page(workspace: Workspace, *, cursor: str, remote_id: str = "") -> Page[Report]:
    """Return a page of a workspace's reports, newest first, or the one of an id.

    What is looked at in private shows nowhere but there.
    """
    own = Report.objects.filter(workspace=workspace, cluster__is_private=False)
    own = own.filter(remote_id=remote_id) if remote_id else own
    reports = own.select_related("cluster", "delivery__answer")
    return page_get(reports, by="created_at", cursor=cursor, size=PAGE_SIZE)
