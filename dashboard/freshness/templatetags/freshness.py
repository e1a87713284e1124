"""`{% load freshness %}`: the age stamp of synced figures, with the thresholds of this product; an outage."""

from datetime import datetime

from django import template
from django.utils.safestring import SafeString

from dashboard.freshness.models import Outage
from dashboard.freshness.selectors import LATE_AFTER, STALE_AFTER, outage_get
from dashboard.lib.templatetags.ui import age

register = template.Library()


@register.simple_tag
def freshness(synced_at: datetime | None) -> SafeString:
    """Stamp figures with when they were read: amber, then red, as they grow old."""
    return age(synced_at, int(STALE_AFTER.total_seconds()), int(LATE_AFTER.total_seconds()))


@register.simple_tag
def outage() -> Outage | None:
    """Return the outage of the hosted API for `components/_outage.html`; None while it answers."""
    return outage_get()
