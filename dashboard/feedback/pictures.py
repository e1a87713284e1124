"""A sponsor's picture, for a reviewer: only where a report of that agent cites it, and each look is in both logs."""

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.http import Http404

from dashboard.accounts.models import User
from dashboard.assets.models import Asset
from dashboard.assets.previews import PREVIEW_WIDTHS
from dashboard.assets.storage import preview_path
from dashboard.audit.services import audit_record
from dashboard.feedback.models import Cluster

# Large enough to judge what is wrong; the sponsor's original is theirs.
WIDTH = 640


def picture_open(cluster: Cluster, *, report_id: str, asset_id: str, user: User) -> "File[bytes]":
    """Return a small picture that a report cites, and write down who looked; raises Http404 for every other one.

    The entry is of the sponsor's workspace, so that its owners read it in their own log.
    """
    report = cluster.reports.filter(remote_id=report_id[:200]).select_related("workspace").first()
    if report is None or report.workspace is None or asset_id not in report.cited:
        raise Http404
    own = Asset.objects.filter(workspace=report.workspace, agent__remote_id=report.agent_remote_id)
    asset = own.filter(remote_id=asset_id, preview=Asset.Preview.READY).exclude(preview_largest=None).first()
    if asset is None:
        raise Http404
    width = max(one for one in PREVIEW_WIDTHS if one <= max(min(asset.preview_largest or 0, WIDTH), PREVIEW_WIDTHS[0]))
    try:
        picture = default_storage.open(preview_path(report.workspace.key, asset.preview_key, width), "rb")
    except OSError:
        raise Http404 from None
    audit_record(
        action="feedback.picture_seen",
        actor=user,
        workspace_id=report.workspace_id,
        subject=("asset", asset.remote_id, asset.remote_id),
        after={"feedback": cluster.label, "report": report.remote_id},
    )
    return picture
