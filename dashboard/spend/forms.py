"""What of the spending is wanted, as it stands in the page's address."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.activity.forms import Chip, OpenChoiceField, address_without
from dashboard.agents.models import Agent
from dashboard.spend.kinds import ASSET_TYPES, KINDS, NOT_TOLD, OPERATIONS, UNTOLD, Kind
from dashboard.spend.span import Span

MOST_AGENTS = 200
MOST_DAYS = 366
EARLIEST = date(2000, 1, 1)
LATEST = date(2999, 12, 31)
CUSTOM = "custom"
DEFAULT_PERIOD = "30"
PERIODS = {
    "1": "Today",
    "7": "7 days",
    "30": "30 days",
    "90": "90 days",
    "month": "This month",
    "last-month": "Last month",
}
FILTERS = ("agent", "operation", "asset", "capability")


@dataclass(frozen=True)
class Period:
    """One of the periods to choose from."""

    label: str
    url: str
    is_current: bool


class SpendForm(forms.Form):
    """Which days of the active time zone, split by what, of which part of the spending."""

    period = forms.CharField(max_length=16, required=False, widget=forms.HiddenInput)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    by = forms.ChoiceField(label="Split by", choices=[(one.name, one.label) for one in KINDS.values()], required=False)
    agent = OpenChoiceField(label="Agent", required=False)
    operation = OpenChoiceField(
        label="Operation", choices=[("", "Any"), *OPERATIONS.items(), (UNTOLD, NOT_TOLD)], required=False
    )
    asset = forms.ChoiceField(
        label="Asset type", choices=[("", "Any"), *ASSET_TYPES.items(), (UNTOLD, NOT_TOLD)], required=False
    )
    capability = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict, *, workspace: Workspace) -> None:
        chosen = data.copy()
        chosen.setdefault("by", "agent")
        super().__init__(chosen)
        self.query = data
        self.today = timezone.localdate()
        agents = Agent.objects.filter(claims__workspace=workspace).distinct().order_by("name", "pk")[:MOST_AGENTS]
        self.agents = list(agents)
        self._offer("agent", [("", "All"), *((one.remote_id, one.display_name) for one in self.agents)])
        self._offer("operation", list(self.fields["operation"].choices))  # type: ignore[attr-defined]

    def clean_period(self) -> str:
        """Return what of the periods is meant: days that are named themselves go before one that is."""
        said = str(self.cleaned_data["period"])
        if self.data.get("since") or self.data.get("until"):
            return CUSTOM
        if said and said not in PERIODS and month_of(said) is None:
            # Its field is hidden, so that it is told of the whole.
            self.add_error(None, "This is no period.")
        return said or DEFAULT_PERIOD

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if cleaned.get("period") != CUSTOM or self.errors:
            return cleaned
        if not isinstance(since, date) or not isinstance(until, date):
            self.add_error("until" if since else "since", "Choose the first and the last day.")
        elif since > until:
            self.add_error("until", "This day is before the first one.")
        elif (until - since).days >= MOST_DAYS or since < EARLIEST or until > LATEST:
            self.add_error("until", f"At most {MOST_DAYS} days at once, from the year 2000 on.")
        return cleaned

    @property
    def periods(self) -> list[Period]:
        """The periods to choose from, with their addresses."""
        meant = self.cleaned_data.get("period")
        return [Period(label, self._to(name), is_current=name == meant) for name, label in PERIODS.items()]

    def _to(self, period: str) -> str:
        """Return the address of another period, of the same part of the spending."""
        other = self.query.copy()
        for name in ("since", "until"):
            other.pop(name, None)
        other["period"] = period
        return f"?{other.urlencode()}"

    @cached_property
    def span(self) -> Span:
        """The days of a valid form."""
        first, last, before = self._days()
        return Span(first, last, before, timezone.get_current_timezone(), timezone.now())

    @property
    def kind(self) -> Kind:
        """What a valid form splits by."""
        return KINDS[self.cleaned_data["by"] or "agent"]

    @property
    def wanted(self) -> Q:
        """The parts that a valid form asks for, of whatever days."""
        given, found = self.cleaned_data, Q()
        if given["agent"]:
            found &= Q(agent__in=Agent.objects.filter(remote_id=given["agent"]).values("pk")[:1])
        for name in ("operation", "capability"):
            if given[name]:
                found &= Q(**{name: "" if given[name] == UNTOLD else given[name]})
        if given["asset"] == UNTOLD:
            return found & ~_makes(*ASSET_TYPES)
        return found & _makes(given["asset"]) if given["asset"] else found

    @property
    def is_of_agents_alone(self) -> bool:
        """Whether it asks for all that the agents spent: what paid for a part of it nobody can say."""
        return not any(self.cleaned_data[name] for name in ("operation", "asset", "capability"))

    @property
    def period_text(self) -> str:
        """The days in words; of the viewer's own zone."""
        span = self.span
        if month_of(self.cleaned_data["period"]):
            return f"{span.first:%B %Y}"
        return day_text(span.first) if span.days == 1 else f"{day_text(span.first)} to {day_text(span.last)}"

    @property
    def chips(self) -> list[Chip]:
        """The filters in use, of a form that was asked whether it is valid."""
        used = [name for name in FILTERS if self.query.get(name)]
        return [
            Chip(str(self.fields[name].label), self._said(name), address_without(self.query, name)) for name in used
        ]

    @property
    def said(self) -> dict[str, str]:
        """Return the fields in use, as the audit log keeps them."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value}

    def _days(self) -> tuple[date, date, date]:
        """Return the first and last day, and the first of the stretch before."""
        period, this_month = self.cleaned_data["period"], self.today.replace(day=1)
        months = {"month": this_month, "last-month": (this_month - timedelta(days=1)).replace(day=1)}
        if month := months.get(period) or month_of(period):
            return month, _month_after(month) - timedelta(days=1), (month - timedelta(days=1)).replace(day=1)
        if period == CUSTOM:
            first, last = self.cleaned_data["since"], self.cleaned_data["until"]
        else:
            first, last = self.today - timedelta(days=int(period) - 1), self.today
        return first, last, first - (last - first) - timedelta(days=1)

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        """Offer these, and what is asked for if it is not among them: a list without it would forget it."""
        asked = self.query.get(name, "")
        more = [] if asked in dict(choices) else [(asked, asked)]
        self.fields[name].choices = [*choices, *more]  # type: ignore[attr-defined]

    def _said(self, name: str) -> str:
        raw = str(self.query[name])
        return str(dict(getattr(self.fields[name], "choices", [])).get(raw, NOT_TOLD if raw == UNTOLD else raw))


@dataclass(frozen=True)
class Drill:
    """The address that shows one group alone; empty where it is shown alone already."""

    query: QueryDict
    kind: Kind

    def to(self, key: str) -> str:
        if self.query.get(self.kind.name):
            return ""
        narrowed = self.query.copy()
        narrowed[self.kind.name] = key or UNTOLD
        if self.kind.name == "agent":
            narrowed["by"] = "capability"
        return f"?{narrowed.urlencode()}"


def month_of(text: str) -> date | None:
    """Return the first day of a month that is written "2026-11"; None where none is."""
    try:
        month = date.fromisoformat(f"{text}-01") if len(text) == 7 else None
    except ValueError:
        return None
    return month if month and EARLIEST <= month < LATEST.replace(day=1) else None


def day_text(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _month_after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _makes(*types: str) -> Q:
    made = Q()
    for one in types:
        made |= Q(capability__startswith=f"is.{one}.")
    return made
