"""What people decide about alerts: what they are told, exceptions, what they inherit, and sending again."""

import zoneinfo
from dataclasses import dataclass
from datetime import time

from django.db import transaction
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent
from dashboard.alerts.hours import due_at
from dashboard.alerts.models import Delivery, Exemption, Preference
from dashboard.alerts.recipients import is_out, preference_default
from dashboard.audit.services import audit_record
from dashboard.notify.services import mail_send_again

MAX_EXEMPTIONS = 100


class AlertsRefused(Exception):
    """Nothing was changed; the sentence is for whoever asked."""


@dataclass(frozen=True)
class Choice:
    """What a person chose; `digest_hour` and the quiet hours are local to their own zone."""

    preset: str
    has_mail: bool
    rhythm: str
    digest_hour: int
    quiet_from: time | None
    quiet_until: time | None


def preference_save(*, user: User, workspace: Workspace | None, role: str, choice: Choice) -> Preference:
    """Write down what a person wants to be told; what waits for them already leaves when they now want it to."""
    with transaction.atomic():
        kept = preference_keep(user=user, workspace=workspace, role=role)
        before = _facts(kept)
        for name, value in vars(choice).items():
            setattr(kept, name, value)
        kept.role, kept.chosen_at = role, timezone.now()
        kept.save()
        _waiting_move(kept)
        _audit("alerts.chosen", kept, user, before=before, after=_facts(kept))
    return kept


def preference_keep(*, user: User, workspace: Workspace | None, role: str) -> Preference:
    """Return the locked row of a person's preference, made with the defaults of their role where there was none."""
    of_place = {"user": user, "workspace": workspace, **({} if workspace else {"role": role})}
    default = preference_default(user, workspace_id=workspace.pk if workspace else None, role=role)
    fresh = {"role": role, "preset": default.preset, "has_mail": default.has_mail}
    kept, _ = Preference.objects.get_or_create(**of_place, defaults=fresh)
    return Preference.objects.select_for_update(of=("self",)).select_related("workspace", "user").get(pk=kept.pk)


@dataclass(frozen=True)
class Exempted:
    """What is told, or not, whatever the preset says: of a kind, an agent or both."""

    is_told: bool
    kind: str = ""
    agent: Agent | None = None


def exemption_add(*, user: User, workspace: Workspace | None, role: str, exemption: Exempted) -> None:
    """Add an exception beneath the preset, or turn the one there round; raises AlertsRefused."""
    kind, agent, is_told = exemption.kind, exemption.agent, exemption.is_told
    if not kind and agent is None:
        raise AlertsRefused("Choose a kind, an agent, or both.")
    with transaction.atomic():
        kept = preference_keep(user=user, workspace=workspace, role=role)
        if kept.exemptions.count() >= MAX_EXEMPTIONS:
            raise AlertsRefused(f"{MAX_EXEMPTIONS} exceptions are the most. Remove one first.")
        Exemption.objects.update_or_create(preference=kept, kind=kind, agent=agent, defaults={"is_told": is_told})
        Preference.objects.filter(pk=kept.pk).update(chosen_at=timezone.now())
        _audit("alerts.exception_added", kept, user, after=_exemption_facts(kind, agent, is_told=is_told))


def exemption_remove(*, user: User, workspace: Workspace | None, role: str, pk: int) -> bool:
    """Take an exception of one's own away; False where there is none."""
    with transaction.atomic():
        mine = Exemption.objects.filter(pk=pk, preference__user=user, preference__workspace=workspace)
        found = (
            (mine if workspace else mine.filter(preference__role=role)).select_related("preference", "agent").first()
        )
        if found is None:
            return False
        before = _exemption_facts(found.kind, found.agent, is_told=found.is_told)
        _audit("alerts.exception_removed", found.preference, user, before=before)
        found.delete()
    return True


def inheritance_end(*, preference: Preference, actor: User) -> None:
    """Let what somebody left behind go to nobody any more."""
    with transaction.atomic():
        _audit("alerts.inheritance_ended", preference, actor, before=_facts(preference))
        preference.delete()


def unsubscribe(preference: Preference) -> None:
    """End the alert mails of one place for one person, as whoever holds the mail asked; alerts stay on their page.

    Nothing changes for somebody who is out: they get none, and what they left behind goes to the owners.
    """
    with transaction.atomic():
        if is_out(preference):
            return
        kept = preference_keep(user=preference.user, workspace=preference.workspace, role=preference.role)
        if kept.has_mail:
            before = _facts(kept)
            kept.has_mail, kept.chosen_at = False, timezone.now()
            kept.save(update_fields=["has_mail", "chosen_at"])
            _audit("alerts.unsubscribed", kept, "the link in a mail", before=before, after=_facts(kept))


def delivery_again(*, delivery: Delivery, actor: User) -> bool:
    """Send a delivery that was given up once more; False for one that is on its way, arrived or has nowhere to go."""
    with transaction.atomic():
        held = Delivery.objects.select_for_update().get(pk=delivery.pk)
        if not held.may_go_again:
            return False
        asked, now = Delivery.objects.filter(pk=held.pk), timezone.now()
        if held.mail_id and mail_send_again(held.mail_id):
            # All that the mail tells goes with it.
            asked = Delivery.objects.filter(mail_id=held.mail_id, state=Delivery.State.GIVEN_UP)
            changes: dict[str, object] = {"state": Delivery.State.QUEUED}
        else:
            changes = {"state": Delivery.State.WAITING, "due_at": now, "tried_since": None}
        asked.update(**changes, ended_at=None, problem="")
        label = delivery.crossing.alert.subject_label
        audit_record(
            action="alerts.sent_again",
            actor=actor,
            workspace_id=held.workspace_id,
            subject=("alert", str(delivery.crossing.alert.key), label),
            after={"channel": held.channel},
        )
    return True


def _waiting_move(preference: Preference) -> None:
    """Give what waits for a person the hour that they chose now."""
    due = due_at(timezone.now(), preference, zoneinfo.ZoneInfo(preference.user.time_zone))
    waiting = Delivery.objects.filter(user=preference.user, workspace=preference.workspace)
    if preference.workspace is None:
        waiting = waiting.filter(audience=preference.role)
    waiting.filter(state=Delivery.State.WAITING).update(due_at=due)


def _facts(preference: Preference) -> dict[str, object]:
    quiet = f"{preference.quiet_from:%H:%M} to {preference.quiet_until:%H:%M}" if preference.quiet_from else ""
    return {
        "preset": preference.preset,
        "mails": preference.has_mail,
        "rhythm": preference.rhythm,
        "digest_hour": preference.digest_hour,
        "quiet_hours": quiet,
    }


def _exemption_facts(kind: str, agent: Agent | None, *, is_told: bool) -> dict[str, object]:
    return {"kind": kind, "agent": agent.remote_id if agent else "", "told": is_told}


def _audit(
    action: str,
    preference: Preference,
    actor: User | str,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit_record(
        action=action,
        actor=actor,
        workspace_id=preference.workspace_id,
        subject=("user", str(preference.user_id), preference.user.email),
        before=before,
        after=after,
    )
