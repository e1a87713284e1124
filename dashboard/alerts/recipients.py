"""Who is told: by each person's preference, and in place of whoever left or lost their role, the owners.

The people of all workspaces concerned are read at once; who of them is told is worked out without asking again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet

from dashboard.accounts.models import Membership, PlatformRole, Role, User
from dashboard.accounts.selectors import platform_holder_list
from dashboard.alerts.kinds import NEVER, Kind
from dashboard.alerts.models import Alert, Audience, Exemption, Preference

# What somebody is told before they have chosen: owners what asks for them, buyers what costs money, viewers nothing.
DEFAULTS: dict[str, dict[str, Any]] = {
    Role.OWNER.value: {"preset": Preference.Preset.BALANCED},
    Role.BUYER.value: {"preset": Preference.Preset.QUIET},
    Role.VIEWER.value: {"preset": Preference.Preset.QUIET, "has_mail": False},
}


def preference_default(user: User, *, workspace_id: int | None, role: str) -> Preference:
    """Return what holds for somebody who has not chosen; unsaved."""
    return Preference(user=user, workspace_id=workspace_id, role=role, **DEFAULTS.get(role, {}))


class Reason(StrEnum):
    """Why somebody gets a message."""

    PRESET = "preset"
    EXCEPTION = "exception"
    # In place of somebody who is out.
    INHERITED = "inherited"
    # They chose otherwise since it began.
    BEGAN = "began"


def exception_of(exemptions: Iterable[Exemption], *, kind: Kind, agent_id: int | None) -> Exemption | None:
    """Return the exception that decides, the narrowest: of kind and agent, agent, kind."""
    fitting = [one for one in exemptions if one.kind in ("", kind.name) and one.agent_id in (None, agent_id)]
    return max(fitting, key=lambda one: (one.agent_id is not None, one.kind != ""), default=None)


@dataclass(frozen=True)
class People:
    """Everybody who may have to be told, by place: a workspace's number, or None for the platform."""

    preferences: Mapping[int | None, list[Preference]]
    members: Mapping[int | None, Mapping[int, str]]
    exemptions: Mapping[int, list[Exemption]]

    def told(self, kind: Kind, alert: Alert) -> list[Preference]:
        """Return the preferences of who is told of an alert, each person once."""
        wanting = [
            one
            for one in self.preferences.get(alert.workspace_id, [])
            if self.wants(one, kind, alert, level=alert.level)
        ]
        return self.standing(kind, alert.workspace_id, wanting)

    def standing(self, kind: Kind, place: int | None, preferences: Iterable[Preference]) -> list[Preference]:
        """Return who these people are now: themselves, and the heirs of whoever is out; each with mail, once."""
        found: dict[int, Preference] = {}
        for one in preferences:
            mine = [one] if self.is_entitled(kind, one) else self.heirs(place, kind)
            found.update({heir.user_id: heir for heir in mine if heir.has_mail})
        return list(found.values())

    def is_entitled(self, kind: Kind, preference: Preference) -> bool:
        role = self.members.get(preference.workspace_id, {}).get(preference.user_id)
        return role is not None and (kind.audience != Audience.WORKSPACE or role in kind.roles)

    def heirs(self, place: int | None, kind: Kind) -> list[Preference]:
        """Return who answers for others: a workspace's owners, or whoever else holds the platform role."""
        mine = self.preferences.get(place, [])
        if place is None:
            return [one for one in mine if self.is_entitled(kind, one)]
        owners = {user for user, role in self.members.get(place, {}).items() if role == Role.OWNER}
        return [one for one in mine if one.user_id in owners]

    def of(self, place: int | None, user_ids: Iterable[int]) -> list[Preference]:
        """Return the preferences of these people in a place, of those who left too."""
        wanted = set(user_ids)
        return [one for one in self.preferences.get(place, []) if one.user_id in wanted]

    def wants(self, preference: Preference, kind: Kind, alert: Alert, *, level: int) -> bool:
        """Tell whether this preference asks for a level of an alert."""
        if alert.user_id not in (None, preference.user_id) or not preference.has_mail:
            return False
        if kind.audience == Audience.WORKSPACE and preference.role not in kind.roles:
            return False
        if exception := self._exception(preference, kind, alert):
            return exception.is_told
        mildest = kind.mildest_told(preference.preset)
        return mildest != NEVER and level >= mildest

    def reason(self, preference: Preference, kind: Kind, alert: Alert, *, level: int) -> Reason:
        """Return why this person is told of a level of an alert, as things stand now."""
        if self.wants(preference, kind, alert, level=level):
            return Reason.EXCEPTION if self._exception(preference, kind, alert) else Reason.PRESET
        left = [one for one in self.preferences.get(alert.workspace_id, []) if not self.is_entitled(kind, one)]
        is_heir = any(self.wants(one, kind, alert, level=level) for one in left)
        return Reason.INHERITED if is_heir else Reason.BEGAN

    def _exception(self, preference: Preference, kind: Kind, alert: Alert) -> Exemption | None:
        return exception_of(self.exemptions.get(preference.pk, []), kind=kind, agent_id=alert.agent_id)


def people_of_workspaces(workspace_ids: Iterable[int]) -> People:
    """Read the members of workspaces, and whoever was one, with what they want; in three queries."""
    wanted = set(workspace_ids)
    chosen = Preference.objects.filter(workspace__in=wanted)
    held = Membership.objects.filter(workspace__in=wanted, user__is_active=True).select_related("user").order_by("pk")
    members: dict[int | None, dict[int, str]] = defaultdict(dict)
    preferences = _by_place(chosen)
    known = {(one.workspace_id, one.user_id) for listed in preferences.values() for one in listed}
    for one in held:
        members[one.workspace_id][one.user_id] = one.role
        if (one.workspace_id, one.user_id) not in known:
            default = preference_default(one.user, workspace_id=one.workspace_id, role=one.role)
            preferences[one.workspace_id].append(default)
    return People(preferences, members, _exemptions(chosen))


def people_of_platform(role: PlatformRole) -> People:
    """Read who holds a platform role, and whoever did; where nobody does, its alerts go to the operators."""
    chosen = Preference.objects.filter(workspace=None, role=role.value)
    preferences = _by_place(chosen)
    holders = platform_holder_list(role) or platform_holder_list(PlatformRole.OPERATOR)
    known = {one.user_id for one in preferences[None]}
    preferences[None] += [
        preference_default(user, workspace_id=None, role=role.value) for user in holders if user.pk not in known
    ]
    return People(preferences, {None: {user.pk: role.value for user in holders}}, _exemptions(chosen))


def is_out(preference: Preference) -> bool:
    """Tell whether somebody is no longer of the place that their preference is for."""
    place = preference.workspace_id
    people = people_of_workspaces([place]) if place else people_of_platform(PlatformRole(preference.role))
    return preference.user_id not in people.members.get(place, {})


def _by_place(chosen: QuerySet[Preference]) -> dict[int | None, list[Preference]]:
    found: dict[int | None, list[Preference]] = defaultdict(list)
    for one in chosen.select_related("user").order_by("pk"):
        found[one.workspace_id].append(one)
    return found


def _exemptions(chosen: QuerySet[Preference]) -> dict[int, list[Exemption]]:
    found: dict[int, list[Exemption]] = defaultdict(list)
    for one in Exemption.objects.filter(preference__in=chosen.values("pk")):
        found[one.preference_id].append(one)
    return found
