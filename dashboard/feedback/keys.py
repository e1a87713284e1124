"""What a cluster is found by: facets, the words of search, keys of likeness, points to prove. Only ever added to.

A merge copies; a split reads its own reports anew.
"""

from collections.abc import Iterable

from dashboard.feedback.cited import command_of, points_of, words_of
from dashboard.feedback.models import Cluster, ClusterKey, ClusterText, Proof, Report

Name = ClusterKey.Name
# Of a cluster of hundreds of reports the first few say what it is about.
TEXT_LIMIT = 20_000
_SEARCHED = ("title", "body", "command", "expected", "actual", "friction", "dedupe_key", "error_code", "remote_id")


def keys_of(report: Report) -> set[tuple[str, str]]:
    """Return the (name, value) pairs by which a report's cluster is found."""
    found = {(Name.AGENT.value, report.agent_remote_id)}
    found |= {(Name.SURFACE.value, one) for one in report.surface if one}
    single = {Name.COMMAND: command_of(report.command), Name.ERROR: report.error_code, Name.DEDUPE: report.dedupe_key}
    found |= {(name.value, value) for name, value in single.items() if value}
    return found | {(Name.WORD.value, word) for word in words_of(report.title)}


def keys_add(reports: Iterable[Report]) -> None:
    """Let clusters be found by reports that lie in them now."""
    reports = list(reports)
    pairs = {(report.cluster_id, *key) for report in reports for key in keys_of(report)}
    rows = [ClusterKey(cluster_id=cluster, name=name, value=value[:200]) for cluster, name, value in sorted(pairs)]
    ClusterKey.objects.bulk_create(rows, ignore_conflicts=True)
    proofs = dict.fromkeys((report.cluster_id, point) for report in reports for point in points_of(report.proof_needed))
    Proof.objects.bulk_create([Proof(cluster_id=one, text=text) for one, text in proofs], ignore_conflicts=True)
    _texts_add(reports)


def keys_renew(cluster: Cluster) -> None:
    """Read a cluster's reports anew: some have left it."""
    cluster.keys.all().delete()
    cluster.proofs.filter(done_at=None).delete()
    ClusterText.objects.filter(pk=cluster.pk).delete()
    keys_add(cluster.reports.order_by("pk")[:500])


def searched_text(report: Report) -> str:
    parts = [str(getattr(report, name)) for name in _SEARCHED]
    return "\n".join(part for part in [*parts, report.agent_remote_id, *report.cited] if part)


def _texts_add(reports: list[Report]) -> None:
    known = ClusterText.objects.in_bulk({report.cluster_id for report in reports})
    changed: dict[int, str] = {}
    for report in reports:
        kept = known.get(report.cluster_id)
        before = changed.get(report.cluster_id, kept.text if kept else "")
        added = searched_text(report)
        # A report that says the same again is found by what is there, but for its id.
        added = report.remote_id if before and report.title and report.title in before else added
        if len(before) + len(added) <= TEXT_LIMIT or not before:
            changed[report.cluster_id] = f"{before}\n{added}".strip()[:TEXT_LIMIT]
    ClusterText.objects.bulk_create(
        [ClusterText(cluster_id=cluster, text=text) for cluster, text in changed.items()],
        update_conflicts=True,
        unique_fields=["cluster"],
        update_fields=["text"],
    )
