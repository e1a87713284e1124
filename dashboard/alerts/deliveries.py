"""From a crossing to the rows of its deliveries, in the transaction that wrote the crossing."""

import zoneinfo
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboard.accounts.models import PlatformRole
from dashboard.alerts.hours import due_at
from dashboard.alerts.kinds import NEVER, Kind
from dashboard.alerts.models import Audience, Crossing, Delivery, Preference, Webhook
from dashboard.alerts.recipients import People, people_of_platform, people_of_workspaces

BATCH = 500


def people_for(audience: str, workspace_ids: Iterable[int | None]) -> People:
    """Return who may be told in these places."""
    if audience == Audience.WORKSPACE:
        return people_of_workspaces(pk for pk in workspace_ids if pk is not None)
    return people_of_platform(PlatformRole(audience))


@dataclass(frozen=True)
class Heard:
    """Who heard of what is over now: people's numbers by alert, and webhooks as (alert, webhook).

    `beyond`: they heard of a graver level, which was reached at once with the one that is left.
    """

    people: dict[int, set[int]]
    beyond: dict[int, set[int]]
    webhooks: set[tuple[int, int]]


def deliveries_make(kind: Kind, crossings: list[Crossing], now: datetime) -> None:
    """Write a row for each person and webhook that is told of these crossings of one kind."""
    if not crossings:
        return
    places = {crossing.alert.workspace_id for crossing in crossings}
    people, heard = people_for(kind.audience, places), _heard_before(crossings)
    hooks = {one.workspace_id: one for one in Webhook.objects.filter(workspace__in=places, disabled_at=None)}
    rows: list[Delivery] = []
    for crossing in crossings:
        rows += _mails(kind, crossing, people, heard, now)
        hook = hooks.get(crossing.alert.workspace_id or 0)
        if hook and _is_posted(kind, crossing, hook, heard):
            rows.append(_row(crossing, now, channel=Delivery.Channel.WEBHOOK, webhook=hook))
    Delivery.objects.bulk_create(rows, batch_size=BATCH)


def mail_rows(crossing: Crossing, preferences: Iterable[Preference], now: datetime) -> Iterator[Delivery]:
    """Yield a row for each person, due when they want to hear of things."""
    for one in preferences:
        due = due_at(now, one, zoneinfo.ZoneInfo(one.user.time_zone))
        yield _row(crossing, now, channel=Delivery.Channel.MAIL, user_id=one.user_id, due_at=due)


def _mails(kind: Kind, crossing: Crossing, people: People, heard: Heard, now: datetime) -> Iterator[Delivery]:
    alert = crossing.alert
    if crossing.is_recovery:
        # Whoever heard that it began hears that it is over, whatever they chose since.
        hearers = people.of(alert.workspace_id, heard.people[alert.pk])
        others = people.of(alert.workspace_id, heard.beyond[alert.pk] - heard.people[alert.pk])
        hearers += [one for one in others if people.wants(one, kind, alert, level=crossing.level)]
        wanting = people.standing(kind, alert.workspace_id, hearers)
    else:
        wanting = people.told(kind, alert)
    return mail_rows(crossing, wanting, now)


def _is_posted(kind: Kind, crossing: Crossing, hook: Webhook, heard: Heard) -> bool:
    if crossing.is_recovery:
        return (crossing.alert_id, hook.pk) in heard.webhooks
    mildest = kind.mildest_told(hook.preset)
    # What is for one person alone is nobody else's business.
    return mildest != NEVER and crossing.level >= mildest and crossing.alert.user_id is None


def _heard_before(crossings: list[Crossing]) -> Heard:
    """Return who heard of the levels that these crossings leave; a webhook that heard of an alert hears all of it."""
    over = {crossing.alert_id: crossing for crossing in crossings if crossing.is_recovery}
    heard = Heard(defaultdict(set), defaultdict(set), set())
    reached = _crossings_left(over)
    rows = Delivery.objects.filter(crossing__alert__in=over).exclude(state=Delivery.State.DROPPED)
    told = rows.values_list("crossing__alert_id", "crossing_id", "user_id", "webhook_id").distinct()
    for alert_id, crossing_id, user_id, webhook_id in told:
        if webhook_id:
            heard.webhooks.add((alert_id, webhook_id))
        elif crossing_id in reached:
            is_left = reached[crossing_id] <= over[alert_id].level
            (heard.people if is_left else heard.beyond)[alert_id].add(user_id)
    return heard


def _crossings_left(over: Mapping[int, Crossing]) -> dict[int, int]:
    """Return the level that each crossing reached which the given ones take back: all of it, or the rest of it."""
    standing: dict[int, dict[int, tuple[int, int]]] = defaultdict(dict)
    levels: dict[int, int] = defaultdict(int)
    before = Crossing.objects.filter(alert__in=over).exclude(pk__in=[one.pk for one in over.values()])
    for step in before.order_by("number"):
        mine = standing[step.alert_id]
        if step.is_recovery:
            levels[step.alert_id] = step.eased_to
            standing[step.alert_id] = {pk: way for pk, way in mine.items() if way[0] < step.eased_to}
        else:
            mine[step.pk] = (levels[step.alert_id], step.level)
            levels[step.alert_id] = step.level
    return {
        pk: reached
        for alert_id, mine in standing.items()
        for pk, (begun, reached) in mine.items()
        if begun < over[alert_id].level and reached > over[alert_id].eased_to
    }


def _row(crossing: Crossing, now: datetime, **more: object) -> Delivery:
    alert = crossing.alert
    place = {"audience": alert.audience, "workspace_id": alert.workspace_id}
    return Delivery(**{"crossing": crossing, "created_at": now, "due_at": now, **place, **more})
