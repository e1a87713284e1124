"""Saying alerts on pages."""

from django import template

from dashboard.alerts.models import Alert, Audience, Crossing, Exemption
from dashboard.alerts.registry import kind_of
from dashboard.alerts.wording import Said, Told, alert_said, crossing_told

register = template.Library()


@register.simple_tag
def said(alert: Alert) -> Said | None:
    """Return an alert in words; None for a kind that this version does not know."""
    return alert_said(alert)


@register.simple_tag
def told(crossing: Crossing) -> Told | None:
    """Return what one crossing tells; None for a kind that this version does not know."""
    return crossing_told(crossing)


@register.simple_tag
def kind_title(exemption: Exemption) -> str:
    """Return what an exception's kind is called; empty where it stands for every kind."""
    preference = exemption.preference
    kind = kind_of(Audience.WORKSPACE if preference.workspace_id else preference.role, exemption.kind)
    return kind.title if kind else exemption.kind
