"""The frame around a signed-in page: where one can go, which workspace this is, which theme."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial

from django.http import HttpRequest
from django.urls import reverse

from dashboard.accounts.access import EVERY_ROLE, OWNER_ONLY, Scope
from dashboard.accounts.models import Membership, PlatformRole, Role, User
from dashboard.accounts.selectors import membership_list


@dataclass(frozen=True)
class Place:
    """One navigation entry: a workspace page for `roles`, or a platform page for `platform_role`."""

    group: str
    label: str
    icon: str
    url_name: str
    roles: frozenset[Role] = EVERY_ROLE
    platform_role: PlatformRole | None = None
    # False where the address begins those of other places: only the page itself is then "here".
    has_inside: bool = True


PLACES = (
    Place("Workspace", "Overview", "overview", "web:overview", has_inside=False),
    Place("Workspace", "Inbox", "inbox", "web:inbox"),
    Place("Workspace", "Alerts", "bell", "alerts:alert_list"),
    Place("Workspace", "Agents", "agents", "agents:agent_list"),
    Place("Workspace", "Activity", "activity", "activity:event_list"),
    Place("Workspace", "Gallery", "assets", "gallery:gallery"),
    Place("Workspace", "Jobs", "jobs", "assets:job_list"),
    Place("Workspace", "Catalogue", "catalogue", "catalog:model_list"),
    Place("Workspace", "Feedback", "feedback", "feedback:own_list"),
    Place("Workspace", "Audit log", "audit", "web:audit_log", roles=OWNER_ONLY),
    Place("Workspace", "Settings", "settings", "accounts:settings"),
    Place("Money", "Credits", "credits", "credits:purchase_list"),
    Place("Money", "Spend", "spend", "spend:spend"),
    Place("Money", "Receipts", "receipts", "receipts:receipt_list"),
    Place("Money", "Balances", "reconcile", "balance:balance_overview"),
    Place("Money", "Help", "help", "web:thread_list"),
    Place(
        "Money", "Billing desk", "billing", "billing:desk", platform_role=PlatformRole.BILLING_ADMIN, has_inside=False
    ),
    Place("Money", "Refunds", "undo", "billing:refund_list", platform_role=PlatformRole.BILLING_ADMIN),
    Place("Money", "Disputes", "dispute", "billing:dispute_list", platform_role=PlatformRole.BILLING_ADMIN),
    Place("Money", "Months", "receipts", "billing:statement", platform_role=PlatformRole.BILLING_ADMIN),
    Place("Money", "Threads", "inbox", "web:thread_queue", platform_role=PlatformRole.BILLING_ADMIN),
    Place("Money", "Alerts", "bell", "alerts:billing_admin_alert_list", platform_role=PlatformRole.BILLING_ADMIN),
    Place("Money", "Goodwill", "edit", "feedback:goodwill_list", platform_role=PlatformRole.BILLING_ADMIN),
    Place("Review", "Feedback", "feedback", "feedback:queue", platform_role=PlatformRole.PRODUCT_REVIEWER),
    Place("Review", "Catalogue", "catalogue", "catalog:model_list_all", platform_role=PlatformRole.PRODUCT_REVIEWER),
    Place(
        "Review", "Alerts", "bell", "alerts:product_reviewer_alert_list", platform_role=PlatformRole.PRODUCT_REVIEWER
    ),
    Place("Operate", "Health", "health", "web:health", platform_role=PlatformRole.OPERATOR),
    Place("Operate", "Alerts", "bell", "alerts:operator_alert_list", platform_role=PlatformRole.OPERATOR),
    Place("Operate", "People", "members", "accounts:people", platform_role=PlatformRole.OPERATOR),
    Place("Operate", "Audit log", "audit", "web:audit_log_all", platform_role=PlatformRole.OPERATOR),
)
# The first place of each role.
LANDING = {place.platform_role: place.url_name for place in reversed(PLACES) if place.platform_role}


def landing_url(user: User) -> str:
    """Return where a person lands: a platform role's own page, else the first workspace, else the profile."""
    for role in PlatformRole:
        if role in user.platform_roles and role in LANDING:
            return reverse(LANDING[role])
    for membership in membership_list(user):
        return reverse("web:overview", args=[membership.workspace.key])
    return reverse("web:profile")


@lru_cache(maxsize=1_000)
def places_open(key: str | None, role: str | None, platform_roles: tuple[str, ...]) -> tuple[tuple[Place, str], ...]:
    """Return the places that these roles may open, the workspace's if there is one, each with its address."""
    return tuple(
        (place, reverse(place.url_name, args=[] if place.platform_role else [key]))
        for place in PLACES
        if (place.platform_role in platform_roles if place.platform_role else role in place.roles)
    )


def _groups(places: Iterable[tuple[Place, str]], here: Container[str]) -> list[dict[str, object]]:
    groups: dict[str, list[dict[str, object]]] = {}
    for place, url in places:
        item = {
            "name": place.url_name,
            "label": place.label,
            "icon": place.icon,
            "url": url,
            "is_current": place.url_name in here,
        }
        groups.setdefault(place.group, []).append(item)
    return [{"label": label, "items": items} for label, items in groups.items()]


def frame(request: HttpRequest) -> dict[str, object]:
    """Context processor: `frame` for templates/frame.html, and `here`; signed-out pages get the theme alone."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"frame": {"theme": User.Theme.SYSTEM.value}}
    memberships = membership_list(user)
    scope: Scope | None = getattr(request, "scope", None)
    current = next((one for one in memberships if scope and one.workspace_id == scope.workspace.pk), None)
    current = current or (memberships[0] if memberships else None)
    key, role = (current.workspace.key, current.role) if current else (None, None)
    place = (key, role, tuple(user.platform_roles))
    places = places_open(*place)
    here = tuple(one.url_name for one, url in places if _is_at(request.path, one, url))
    drawn = {
        "theme": user.theme,
        "workspace": current.workspace if current else None,
        # Worked out only where it is drawn: the frame is kept by what it is made of.
        "groups": partial(_groups, places, here),
        "workspaces": partial(_workspaces, memberships, current),
        "search_url": partial(reverse, "web:search", args=[key]) if key else None,
        "made_of": (
            *(place, here, tuple((one.workspace.key, one.workspace.name) for one in memberships)),
            *(user.display_name, user.email, user.theme),
        ),
    }
    return {"frame": drawn, "here": request.get_full_path()}


def _is_at(path: str, place: Place, url: str) -> bool:
    return path == url or (place.has_inside and path.startswith(url))


def _workspaces(memberships: list[Membership], current: Membership | None) -> list[dict[str, object]]:
    return [
        {
            "name": one.workspace.name,
            "url": reverse("web:overview", args=[one.workspace.key]),
            "is_current": one is current,
        }
        for one in memberships
    ]
