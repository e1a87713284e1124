"""Mails about feedback: whose agent, how it stands, where to read it. Never a word of a report or of an answer."""

from django.conf import settings
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.feedback.models import Cluster, Goodwill
from dashboard.lib.glossary import word_for
from dashboard.notify.services import mail_name, mail_queue


def fate_mail(cluster: Cluster, workspace: Workspace, agent_name: str, person: User, *, is_answered: bool) -> None:
    """Tell a sponsor what became of what their agent reported; within the transaction that notes it as told."""
    context: dict[str, object] = {
        "agent": mail_name(agent_name) or "an agent",
        "workspace": mail_name(workspace.name) or "your workspace",
        "state": word_for("feedback_state", cluster.state).text,
        "is_answered": is_answered,
        "url": settings.DASHBOARD_URL + reverse("feedback:own_list", args=[workspace.key]),
    }
    key = f"feedback:{cluster.pk}:{cluster.version}:{workspace.pk}:{person.pk}"
    mail_queue(to=person.email, template="feedback_fate", context=context, dedupe_key=key)


def goodwill_mail(goodwill: Goodwill, person: User) -> None:
    """Tell billing that a reviewer wrote to them."""
    context: dict[str, object] = {
        "workspace": mail_name(goodwill.workspace.name) or "a workspace",
        "label": f"F-{goodwill.cluster_id}",
        "url": settings.DASHBOARD_URL + reverse("feedback:goodwill_list"),
    }
    key = f"feedback-goodwill:{goodwill.pk}:{person.pk}"
    mail_queue(to=person.email, template="feedback_goodwill", context=context, dedupe_key=key)
