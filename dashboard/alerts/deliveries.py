"""From a crossing to the rows of its deliveries, in the transaction that wrote the crossing."""

import zoneinfo
from collections import defaultdict
from collections.abc import Iterable, Iterator
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


def deliveries_make(kind: Kind, crossings: list[Crossing], now: datetime) -> None:
    """Write a row for each person and webhook that is told of these crossings of one kind."""
    if not crossings:
        return
    places = {crossing.alert.workspace_id for crossing in crossings}
    people, told = people_for(kind.audience, places), _told_before(crossings)
    hooks = {one.workspace_id: one for one in Webhook.objects.filter(workspace__in=places, disabled_at=None)}
    rows: list[Delivery] = []
    for crossing in crossings:
        rows += _mails(kind, crossing, people, told[crossing.alert_id], now)
        hook = hooks.get(crossing.alert.workspace_id or 0)
        if hook and _is_posted(kind, crossing, hook, told[crossing.alert_id]):
            rows.append(_row(crossing, now, channel=Delivery.Channel.WEBHOOK, webhook=hook))
    Delivery.objects.bulk_create(rows, batch_size=BATCH)


def mail_rows(crossing: Crossing, preferences: Iterable[Preference], now: datetime) -> Iterator[Delivery]:
    """Yield a row for each person, due when they want to hear of things."""
    for one in preferences:
        due = due_at(now, one, zoneinfo.ZoneInfo(one.user.time_zone))
        yield _row(crossing, now, channel=Delivery.Channel.MAIL, user_id=one.user_id, due_at=due)


def _mails(
    kind: Kind, crossing: Crossing, people: People, told: set[tuple[str, int | None]], now: datetime
) -> Iterator[Delivery]:
    alert = crossing.alert
    if crossing.is_recovery:
        # Whoever heard that it began hears that it is over, whatever they chose since.
        heard = people.of(alert.workspace_id, {pk for channel, pk in told if channel == Delivery.Channel.MAIL and pk})
        wanting = people.standing(kind, alert.workspace_id, heard)
    else:
        wanting = people.told(kind, alert)
    return mail_rows(crossing, wanting, now)


def _is_posted(kind: Kind, crossing: Crossing, hook: Webhook, told: set[tuple[str, int | None]]) -> bool:
    if crossing.is_recovery:
        return any(channel == Delivery.Channel.WEBHOOK for channel, _ in told)
    mildest = kind.mildest_told(hook.preset)
    # What is for one person alone is nobody else's business.
    return mildest != NEVER and crossing.level >= mildest and crossing.alert.user_id is None


def _told_before(crossings: list[Crossing]) -> dict[int, set[tuple[str, int | None]]]:
    """Return by alert who heard of it: (channel, person's number)."""
    over = [crossing.alert_id for crossing in crossings if crossing.is_recovery]
    rows = Delivery.objects.filter(crossing__alert__in=over).exclude(state=Delivery.State.DROPPED)
    found: dict[int, set[tuple[str, int | None]]] = defaultdict(set)
    for alert_id, channel, user_id in rows.values_list("crossing__alert_id", "channel", "user_id").distinct():
        found[alert_id].add((channel, user_id))
    return found


def _row(crossing: Crossing, now: datetime, **more: object) -> Delivery:
    alert = crossing.alert
    place = {"audience": alert.audience, "workspace_id": alert.workspace_id}
    return Delivery(**{"crossing": crossing, "created_at": now, "due_at": now, **place, **more})
