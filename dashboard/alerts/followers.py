"""A row of preferences for each member and each holder of a platform role, so that one who leaves leaves it behind."""

from django.db.models import Exists, OuterRef

from dashboard.accounts.access import EVERY_ROLE
from dashboard.accounts.models import Membership, PlatformRole, Role
from dashboard.accounts.selectors import platform_holder_list
from dashboard.alerts.models import PLATFORM_CHOICES, Preference
from dashboard.alerts.recipients import DEFAULTS, preference_default

AT_ONCE = 500
RANK = {role.value: rank for rank, role in enumerate(Role)}


def preferences_follow() -> int:
    """Make the rows that are missing, and let roles that rose be known; return how many rows that were.

    A role that fell stays in the row as it was: what the person was told goes to the owners until somebody chooses.
    """
    return _missing_make() + _risen_follow() + sum(_holders_make(PlatformRole(role)) for role, _ in PLATFORM_CHOICES)


def _missing_make() -> int:
    known = Preference.objects.filter(user=OuterRef("user"), workspace=OuterRef("workspace"))
    missing = Membership.objects.filter(~Exists(known)).select_related("user").order_by("pk")[:AT_ONCE]
    rows = [preference_default(one.user, workspace_id=one.workspace_id, role=one.role) for one in missing]
    Preference.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _risen_follow() -> int:
    held = Membership.objects.filter(user=OuterRef("user"), workspace=OuterRef("workspace"))
    kept = Preference.objects.filter(workspace__isnull=False).annotate(now=held.values("role")[:1])
    changed = 0
    for role in EVERY_ROLE - {Role.VIEWER}:
        beneath = [lower for lower, rank in RANK.items() if rank > RANK[role.value]]
        risen = kept.filter(now=role.value, role__in=beneath)
        # Whoever never chose has the defaults of what they are now.
        unchosen = {"has_mail": True, **DEFAULTS[role.value]}
        ids = list(risen.values_list("pk", flat=True)[:AT_ONCE])
        found = Preference.objects.filter(pk__in=ids)
        found.filter(chosen_at=None).update(**unchosen)
        changed += found.update(role=role.value)
    return changed


def _holders_make(role: PlatformRole) -> int:
    known = set(Preference.objects.filter(workspace=None, role=role.value).values_list("user_id", flat=True))
    missing = [user for user in platform_holder_list(role) if user.pk not in known]
    rows = [preference_default(user, workspace_id=None, role=role.value) for user in missing]
    Preference.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)
