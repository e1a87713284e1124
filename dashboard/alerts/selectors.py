"""Reading alerts, what people chose and what was sent, within a workspace or a platform role."""

from dataclasses import dataclass

from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.http import Http404

from dashboard.accounts.models import Membership, Role, User, Workspace
from dashboard.agents.models import Claim
from dashboard.alerts.kinds import DISPUTE, PURCHASE_STUCK
from dashboard.alerts.models import Alert, Audience, Delivery, Preference, Webhook
from dashboard.alerts.recipients import preference_default
from dashboard.alerts.registry import EVERY_KIND
from dashboard.alerts.spend_kinds import SPEND_SPIKE
from dashboard.alerts.wording import Said, alert_said
from dashboard.lib.paging import Page, page_get
from dashboard.lib.words import Tone

PAGE_SIZE = 50
# A place with more open at once sees the gravest, and how many there are; the others come up as these end.
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


@dataclass(frozen=True)
class Open:
    """What holds now, the gravest first, then the latest: `OPEN_SHOWN` at most, of `count`."""

    said: list[Said]
    count: int

    @property
    def note(self) -> str:
        """What is not shown; empty where everything is."""
        if self.count <= OPEN_SHOWN:
            return ""
        return f"The gravest {OPEN_SHOWN} of {self.count:,}. The others come up as these end."


def alert_list_open(alerts: QuerySet[Alert]) -> Open:
    """Return what holds now; counted where it is more than is shown.

    An alert knows as `is_at_work` whether its agent is held and not stopped.
    """
    held_here = {"workspace": OuterRef("workspace"), "agent": OuterRef("agent"), "released_at": None}
    working = Claim.objects.filter(**held_here, stopped_at=None)
    gravity = Case(When(_of_tone(Tone.BAD), then=0), When(_of_tone(Tone.WARN), then=1), default=2)
    held = alerts.filter(ended_at=None)
    told = held.annotate(is_at_work=Exists(working))
    rows = list(told.order_by(gravity, "-crossed_at", "-pk")[:OPEN_SHOWN])
    count = held.count() if len(rows) == OPEN_SHOWN else len(rows)
    return Open([one for one in map(alert_said, rows) if one], count)


def _of_tone(tone: Tone) -> Q:
    """Return the condition that an alert has this tone at its level."""
    found = Q(pk__in=[])
    for (audience, name), kind in EVERY_KIND.items():
        levels = [level for level in range(1, len(kind.ladder.marks) + 1) if kind.tone(level) == tone]
        if levels:
            found |= Q(audience=audience, kind=name, level__in=levels)
    return found


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
