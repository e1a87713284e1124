"""How an alert is said on pages, in mails and to webhooks: the same words, and the page that shows its thing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from dashboard.alerts.kinds import Kind
from dashboard.alerts.models import Alert, Crossing
from dashboard.alerts.registry import kind_of
from dashboard.lib.words import Tone
from dashboard.notify.services import mail_name

NAMELESS = "a thing without a name"


@dataclass(frozen=True)
class Said:
    """One alert in words. `label` is a name from outside, for pages; `name` the same, safe to stand in a mail."""

    alert: Alert
    kind: Kind
    sentence: str
    tone: Tone
    path: str

    @property
    def label(self) -> str:
        return self.alert.subject_label or NAMELESS

    @property
    def name(self) -> str:
        return mail_name(self.alert.subject_label) or NAMELESS

    @property
    def short(self) -> str:
        """The first sentence, as it stands in a subject line."""
        return self.sentence.partition(". ")[0].rstrip(".")


@dataclass(frozen=True)
class Told:
    """What a message says of one alert: its latest crossing, and since when it was so where that is over.

    `is_recovery`: a level is left, be it that a milder one still holds; `is_over`: none does.
    """

    said: Said
    is_recovery: bool
    is_over: bool
    at: datetime
    began_at: datetime


def alert_said(alert: Alert) -> Said | None:
    """Say how an alert stood at its latest crossing; None for a kind that this version does not know."""
    kind = kind_of(alert.audience, alert.kind)
    if kind is None:
        return None
    return Said(alert, kind, kind.said(alert.level, alert.figures), kind.tone(alert.level), page_path(kind, alert))


def crossing_told(crossing: Crossing) -> Told | None:
    """Say what a crossing tells; None for a kind that this version does not know."""
    alert = crossing.alert
    kind = kind_of(alert.audience, alert.kind)
    if kind is None:
        return None
    sentence = kind.sentence(crossing.change, crossing.level, crossing.figures)
    tone = Tone.GOOD if crossing.is_recovery else kind.tone(crossing.level)
    said = Said(alert, kind, sentence, tone, page_path(kind, alert))
    is_over = crossing.change == Crossing.Change.RECOVERED
    return Told(said, crossing.is_recovery, is_over, crossing.at, alert.opened_at)


def page_path(kind: Kind, alert: Alert) -> str:
    """Return the page of the thing that an alert is about; needs its workspace and agent loaded.

    An id from outside that no address can hold leads to the overview.
    """
    if alert.workspace is None:
        return reverse(kind.page, args=[int(alert.subject_id)] if kind.page == "feedback:item" else [])
    try:
        return _workspace_path(kind, alert, alert.workspace.key)
    except (NoReverseMatch, ValueError):
        return reverse("web:overview", args=[alert.workspace.key])


def _workspace_path(kind: Kind, alert: Alert, key: str) -> str:
    if kind.page == "agent" and alert.agent:
        return reverse("web:agent_detail", args=[key, alert.agent.remote_id])
    if kind.page == "purchase":
        return reverse("credits:purchase_detail", args=[key, UUID(alert.subject_id)])
    return reverse("web:inbox" if kind.page == "inbox" else "web:overview", args=[key])
