"""Every kind of alert that this version knows."""

from dashboard.alerts.kinds import KINDS, Kind
from dashboard.alerts.models import Audience
from dashboard.alerts.platform_kinds import PLATFORM_KINDS
from dashboard.alerts.spend_kinds import SPEND_KINDS

EVERY_KIND = {(kind.audience, kind.name): kind for kind in (*KINDS, *SPEND_KINDS, *PLATFORM_KINDS)}


def kind_of(audience: str, name: str) -> Kind | None:
    """Return the kind; None for one that this version does not know any more."""
    return EVERY_KIND.get((Audience(audience), name))


def kinds_for(audience: str) -> list[Kind]:
    """Return the kinds of an audience, in the order of the settings page."""
    return [kind for (whose, _), kind in EVERY_KIND.items() if whose == audience]
