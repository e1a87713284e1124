"""Telling sponsors what became of what their agents reported: once a change, and none that was taken back."""

from django.db import transaction
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.accounts.selectors import owner_list
from dashboard.agents.models import Agent
from dashboard.feedback.mails import fate_mail
from dashboard.feedback.models import Cluster, State, Telling

# What a sponsor hears of; that somebody sorts it, or looks at it in private, is no news.
TOLD_STATES = (State.ACCEPTED, State.IN_PROGRESS, State.DONE, State.REGRESSED, State.WONT_DO)
AT_ONCE = 50


def tellings_send() -> int:
    """Tell every sponsor whose time has come; return how many were told."""
    due = Cluster.objects.filter(tells_at__lte=timezone.now()).order_by("tells_at")
    return sum(_tell(cluster_id) for cluster_id in list(due.values_list("pk", flat=True)[:AT_ONCE]))


@transaction.atomic
def _tell(cluster_id: int) -> int:
    cluster = Cluster.objects.select_for_update().get(pk=cluster_id)
    if cluster.tells_at is None or cluster.tells_at > timezone.now():
        return 0
    Cluster.objects.filter(pk=cluster_id).update(tells_at=None)
    if cluster.is_private:
        return 0
    return sum(_tell_one(cluster, workspace) for workspace in _sponsors(cluster))


def _tell_one(cluster: Cluster, workspace: Workspace) -> bool:
    known = Telling.objects.filter(cluster=cluster, workspace=workspace).first()
    is_new_answer = bool(cluster.answered_at) and (known is None or known.answered_at != cluster.answered_at)
    is_new_state = cluster.state in TOLD_STATES and (known is None or known.state != cluster.state)
    now = {"state": cluster.state, "answered_at": cluster.answered_at, "told_at": timezone.now()}
    Telling.objects.update_or_create(cluster=cluster, workspace=workspace, defaults=now)
    if not (is_new_state or is_new_answer):
        return False
    name = _agent_name(cluster, workspace)
    for owner in owner_list(workspace):
        fate_mail(cluster, workspace, name, owner, is_answered=is_new_answer)
    return True


def _sponsors(cluster: Cluster) -> list[Workspace]:
    return list(Workspace.objects.filter(reports__cluster=cluster).distinct().order_by("pk"))


def _agent_name(cluster: Cluster, workspace: Workspace) -> str:
    theirs = cluster.reports.filter(workspace=workspace).values_list("agent_remote_id", flat=True).distinct()[:2]
    agents = [one.display_name for one in Agent.objects.filter(remote_id__in=list(theirs))]
    return agents[0] if len(agents) == 1 else "several agents"
