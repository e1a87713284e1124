"""Mails from deliveries that are due: one alert is a mail of its own, several at a time are one mail.

So a digest, the morning after quiet hours, an hour in which a thousand agents reach their cap and the return of a
scheduler that was away are all one mail a person. While a mail of theirs is still on its way nothing new is composed:
a mail server that comes back finds one mail waiting, not an evening of them.
"""

import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.alerts.deliveries import mail_rows, people_for
from dashboard.alerts.hours import quiet_end
from dashboard.alerts.models import Delivery, Preference
from dashboard.alerts.recipients import People, Reason
from dashboard.alerts.registry import kind_of
from dashboard.alerts.unsubscribing import unsubscribe_headers, unsubscribe_url
from dashboard.alerts.wording import Told, crossing_told
from dashboard.lib.words import Tone
from dashboard.notify.models import OutboxMail
from dashboard.notify.services import mail_name, mail_queue, mail_wait_add

log = structlog.get_logger(__name__)

MAILS_AT_ONCE = 100
IN_ONE_MAIL = 500
# The others of a long mail are counted, and stand on the page.
LISTED = 40
# How the keys of these mails begin in the outbox.
KEY = "alerts:"
LEFT = "Not a member any more: told to the owners instead."
UNWANTED = "Does not want mails any more."
UNKNOWN = "Of a kind that is not known any more."


@dataclass(frozen=True)
class Post:
    """Whose mail it is: one person's, of one workspace or one platform role."""

    user_id: int
    audience: str
    workspace_id: int | None


def mails_compose() -> int:
    """Put what is due into the outbox, a mail a person and place; return how many mails that made."""
    deliveries_settle()
    return sum(map(_compose_alone, _posts_due()))


def _compose_alone(post: Post) -> bool:
    try:
        return mail_compose(post)
    except Exception:  # a process edge: one person's mail must not hold up the others
        log.exception("alert_mail_broke", audience=post.audience, workspace_id=post.workspace_id)
        return False


def deliveries_settle() -> int:
    """Write down what became of the mails that left the outbox or were given up; return how many deliveries ended."""
    queued = Delivery.objects.filter(state=Delivery.State.QUEUED)
    now = timezone.now()
    # The outbox forgets a mail a month after it went out: one that is gone was sent, or given up and settled before.
    sent = queued.filter(Q(mail__sent_at__isnull=False) | Q(mail=None))
    given_up = queued.filter(mail__given_up_at__isnull=False)
    return sent.update(state=Delivery.State.SENT, ended_at=now, problem="") + given_up.update(
        state=Delivery.State.GIVEN_UP, ended_at=now, problem="The mail server did not take it."
    )


def _posts_due() -> list[Post]:
    of_person = {"user": OuterRef("user"), "audience": OuterRef("audience")}
    same_place = Q(workspace=OuterRef("workspace")) | Q(workspace=None)
    on_its_way = Delivery.objects.filter(same_place, state=Delivery.State.QUEUED, **of_person)
    due = Delivery.objects.filter(
        ~Exists(on_its_way), channel=Delivery.Channel.MAIL, state=Delivery.State.WAITING, due_at__lte=timezone.now()
    )
    listed = due.order_by("user", "audience", "workspace").values_list("user_id", "audience", "workspace_id").distinct()
    return [Post(*row) for row in listed[:MAILS_AT_ONCE]]


@transaction.atomic
def mail_compose(post: Post) -> bool:
    """Take what is due for one person and write their mail, together; True when there is one."""
    now = timezone.now()
    waiting = Delivery.objects.filter(
        user=post.user_id,
        audience=post.audience,
        workspace=post.workspace_id,
        state=Delivery.State.WAITING,
        due_at__lte=now,
    )
    joined = waiting.select_related("crossing__alert__workspace", "crossing__alert__agent")
    rows = list(joined.select_for_update(of=("self",)).order_by("pk")[:IN_ONE_MAIL])
    people = people_for(post.audience, [post.workspace_id])
    preference = next(iter(people.of(post.workspace_id, [post.user_id])), None)
    mine = _still_theirs(rows, preference, people)
    if not mine or preference is None:
        return False
    if until := _quiet_end(preference):
        # A late task finds what was due before the silence began.
        _update(mine, due_at=until)
        return False
    told = _latest(mine)
    mail = mail_queue(
        to=preference.user.email,
        template="alerts",
        context={**_context(told, preference), "why": _why(mine, preference, people)},
        headers=unsubscribe_headers(unsubscribe_url(preference)),
        dedupe_key=f"{KEY}{post.user_id}:{mine[0].pk}:{mine[0].attempts}",
    )
    _update(mine, state=Delivery.State.QUEUED, mail=mail, attempts=F("attempts") + 1, tried_since=now)
    return True


def mail_waits_until(mail: OutboxMail) -> datetime | None:
    """Return when the quiet hours end of whoever a mail is for, asked as it is about to leave: a retry may be late."""
    told = Delivery.objects.filter(mail=mail).first()
    if told is None:
        return None
    of_place = {"workspace": told.workspace_id, **({} if told.workspace_id else {"role": told.audience})}
    preference = Preference.objects.select_related("user").filter(user=told.user_id, **of_place).first()
    return _quiet_end(preference) if preference else None


def _quiet_end(preference: Preference) -> datetime | None:
    return quiet_end(timezone.now(), preference, zoneinfo.ZoneInfo(preference.user.time_zone))


def _still_theirs(rows: list[Delivery], preference: Preference | None, people: People) -> list[Delivery]:
    """Return what still goes to this person; what does not goes to whoever answers for them, or nowhere."""
    mine: list[Delivery] = []
    left: list[Delivery] = []
    unwanted: list[Delivery] = []
    unknown: list[Delivery] = []
    for row in rows:
        kind = kind_of(row.audience, row.crossing.alert.kind)
        if kind is None:
            unknown.append(row)
        elif preference is None or not people.is_entitled(kind, preference):
            left.append(row)
        else:
            (mine if preference.has_mail else unwanted).append(row)
    _inherit(left, people)
    _end(left, LEFT)
    _end(unwanted, UNWANTED)
    _end(unknown, UNKNOWN)
    return mine


def _inherit(rows: list[Delivery], people: People) -> None:
    now = timezone.now()
    inherited: list[Delivery] = []
    for row in rows:
        kind = kind_of(row.audience, row.crossing.alert.kind)
        heirs = [one for one in people.heirs(row.workspace_id, kind) if one.has_mail] if kind else []
        inherited += mail_rows(row.crossing, heirs, now)
    # Somebody who was told anyway is not told twice.
    Delivery.objects.bulk_create(inherited, ignore_conflicts=True)


def _end(rows: list[Delivery], problem: str) -> None:
    _update(rows, state=Delivery.State.DROPPED, ended_at=timezone.now(), problem=problem)


def _update(rows: list[Delivery], **changes: object) -> None:
    if rows:
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(**changes)


def _latest(rows: Iterable[Delivery]) -> list[Told]:
    """Return what the latest crossing of each alert says, the gravest first: one that came and went is said once."""
    latest = {row.crossing.alert_id: row.crossing for row in sorted(rows, key=lambda row: row.crossing.number)}
    told = [one for one in map(crossing_told, latest.values()) if one]
    return sorted(told, key=lambda one: (one.is_recovery, -_gravity(one), one.at))


def _gravity(one: Told) -> int:
    return [Tone.NEUTRAL, Tone.GOOD, Tone.INFO, Tone.WARN, Tone.BAD].index(one.said.tone)


def _context(told: list[Told], preference: Preference) -> dict[str, object]:
    workspace = preference.workspace
    return {
        "told": told[:LISTED],
        "more": max(len(told) - LISTED, 0),
        "count": len(told),
        "first": told[0],
        "place": mail_name(workspace.name) or "a workspace" if workspace else preference.get_role_display(),
        "zone": zoneinfo.ZoneInfo(preference.user.time_zone),
        "origin": settings.DASHBOARD_URL,
        "list_url": settings.DASHBOARD_URL + _page(workspace, preference.role, "alert_list"),
        "settings_url": settings.DASHBOARD_URL + _page(workspace, preference.role, "preferences"),
        "unsubscribe_url": unsubscribe_url(preference),
    }


def _why(rows: Iterable[Delivery], preference: Preference, people: People) -> str:
    """Return why a person gets these, each reason once, as it follows upon "because"."""
    found: set[Reason] = set()
    for row in rows:
        alert = row.crossing.alert
        if kind := kind_of(row.audience, alert.kind):
            found.add(people.reason(preference, kind, alert, level=row.crossing.level))
    said = {
        Reason.PRESET: f"your alerts are set to “{preference.get_preset_display()}”",
        Reason.EXCEPTION: "an exception of yours asks for it",
        Reason.INHERITED: "somebody who is out was told of it, and you answer for them",
        Reason.BEGAN: "it began before you chose otherwise",
    }
    return ", and because ".join(sentence for reason, sentence in said.items() if reason in found)


def _page(workspace: Workspace | None, role: str, name: str) -> str:
    if workspace:
        return reverse(f"alerts:{name}", args=[workspace.key])
    return reverse(f"alerts:{role}_{name}")


mail_wait_add(KEY, mail_waits_until)
