"""Reading alerts, what people chose and what was sent, within a workspace or a platform role."""

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.http import Http404

from dashboard.accounts.models import Membership, Role, User, Workspace
from dashboard.alerts.kinds import DISPUTE, PURCHASE_STUCK
from dashboard.alerts.models import Alert, Audience, Delivery, Preference, Webhook
from dashboard.alerts.recipients import preference_default
from dashboard.alerts.spend_kinds import SPEND_SPIKE
from dashboard.alerts.wording import Said, alert_said
from dashboard.lib.paging import Page, page_get

PAGE_SIZE = 50
# A workspace with more open at once sees the gravest of the latest; all stand in the history when they end.
OPEN_SHOWN = 200
# What an agent's row on the overview does not say.
ALARMS = (DISPUTE.name, PURCHASE_STUCK.name, SPEND_SPIKE.name)


def alerts_for(user: User, *, workspace: Workspace | None, audience: Audience) -> QuerySet[Alert]:
    """Return the alerts of a place that this person may see: not what is for another person alone."""
    mine = Alert.objects.filter(Q(user=None) | Q(user=user), audience=audience, workspace=workspace)
    return mine.select_related("workspace", "agent")


def alarms_in(workspace: int) -> Combinable:
    """Return, as an expression, how many open alerts of a workspace say what none of its agents' rows does."""
    told = Alert.objects.filter(workspace=workspace, kind__in=ALARMS, ended_at=None, user=None).order_by()
    counted = told.values("workspace").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


def alert_list_open(alerts: QuerySet[Alert]) -> list[Said]:
    """Return what holds now, the gravest first, then the latest."""
    rows = alerts.filter(ended_at=None).order_by("-crossed_at", "-pk")[:OPEN_SHOWN]
    said = [one for one in map(alert_said, rows) if one]
    gravity = {"bad": 0, "warn": 1}
    return sorted(said, key=lambda one: gravity.get(one.tone, 2))


def alert_page_ended(alerts: QuerySet[Alert], *, cursor: str) -> Page[Alert]:
    """Return a page of what is over, what began last first."""
    return page_get(alerts.exclude(ended_at=None), by="opened_at", cursor=cursor, size=PAGE_SIZE)


def preference_get(user: User, *, workspace: Workspace | None, role: str) -> Preference:
    """Return what a person chose for a place, or the defaults of their role, unsaved."""
    mine = Preference.objects.filter(user=user, workspace=workspace)
    kept = (mine if workspace else mine.filter(role=role)).first()
    return kept or preference_default(user, workspace_id=workspace.pk if workspace else None, role=role)


def inheritance_list(workspace: Workspace) -> list[Preference]:
    """Return what people left behind who are out, or have a lesser role than then: it goes to the owners."""
    held = Membership.objects.filter(workspace=workspace, user=OuterRef("user"), user__is_active=True)
    rows = Preference.objects.filter(workspace=workspace, has_mail=True).select_related("user").order_by("pk")
    rank = {role.value: number for number, role in enumerate(Role)}
    dated = rows.annotate(role_now=held.values("role")[:1])
    return [one for one in dated if one.role_now is None or rank[one.role_now] > rank[one.role]]


def inheritance_get(workspace: Workspace, pk: int) -> Preference:
    """Return one of `inheritance_list`; raises Http404."""
    found = next((one for one in inheritance_list(workspace) if one.pk == pk), None)
    if found is None:
        raise Http404
    return found


def webhook_of(workspace: Workspace) -> Webhook | None:
    return Webhook.objects.filter(workspace=workspace).select_related("made_by").first()


def deliveries_for(
    user: User, *, workspace: Workspace | None, audience: Audience, is_owner: bool
) -> QuerySet[Delivery]:
    """Return what was sent about a place: to owners everything but what is for others alone, else one's own."""
    rows = Delivery.objects.filter(workspace=workspace, audience=audience).select_related(
        "crossing__alert__workspace", "crossing__alert__agent", "user", "mail"
    )
    if not is_owner:
        return rows.filter(user=user)
    return rows.filter(Q(crossing__alert__user=None) | Q(crossing__alert__user=user))


def delivery_page(deliveries: QuerySet[Delivery], *, cursor: str) -> Page[Delivery]:
    return page_get(deliveries, by="created_at", cursor=cursor, size=PAGE_SIZE)


def delivery_get(deliveries: QuerySet[Delivery], pk: int) -> Delivery:
    """Return one delivery of these; raises Http404."""
    found = deliveries.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
