"""The queue as a file: a row a cluster, read in batches; texts are inert, and harmless as cells."""

from collections.abc import Iterator

from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.feedback.models import Cluster, Level, Sureness
from dashboard.feedback.queue import QueueFilter, clusters_wanted
from dashboard.feedback.weight import weight_at
from dashboard.lib.paging import rows_stream

BATCH = 500
COLUMNS = (
    "item",
    "title",
    "type",
    "state",
    "severity",
    "agents_say",
    "confidence",
    "weight_tenths",
    "reports",
    "agents",
    "sponsors",
    "looked_after_by",
    "first_at",
    "last_at",
    "decided_at",
    "answered_at",
)


def export_rows(wanted: QueueFilter, user: User) -> Iterator[dict[str, object]]:
    """Yield what a filter finds, the heaviest first; moments are UTC, the weight is as of now, in tenths."""
    now = timezone.now()
    clusters = clusters_wanted(wanted, user).select_related("assignee")
    for cluster in rows_stream(clusters, by="ranks_at", batch=BATCH):
        yield {
            "item": cluster.label,
            "title": cluster.title,
            "type": cluster.type,
            "state": str(cluster.state),
            "severity": str(Level(cluster.severity).label),
            "agents_say": str(Level(cluster.said_severity).label),
            "confidence": str(Sureness(cluster.confidence).label),
            "weight_tenths": round(weight_at(cluster.ranks_at, now) * 10),
            "reports": cluster.report_count,
            "agents": cluster.agent_count,
            "sponsors": cluster.workspace_count,
            "looked_after_by": cluster.assignee.display_name if cluster.assignee else "",
            **_moments(cluster),
        }


def _moments(cluster: Cluster) -> dict[str, object]:
    told = {name: getattr(cluster, name) for name in ("first_at", "last_at", "decided_at", "answered_at")}
    return {name: at.isoformat() if at else "" for name, at in told.items()}
