"""The audit log's filter, as it stands in a page's address."""

from datetime import UTC, date, datetime, time, timedelta

from django import forms
from django.utils import timezone

from dashboard.audit.selectors import AuditFilter
from dashboard.lib.dates import showable
from dashboard.lib.presentation import GLOSSARY

ACTIONS = sorted(((raw, word.text) for raw, word in GLOSSARY["audit_action"].items()), key=lambda one: one[1])
OUTCOMES = [(raw, word.text) for raw, word in GLOSSARY["audit_outcome"].items()]


class AuditFilterForm(forms.Form):
    """Days are whole days of the active time zone, both ends included."""

    person = forms.CharField(label="Who", max_length=254, required=False)
    action = forms.ChoiceField(label="Did what", choices=[("", "Anything"), *ACTIONS], required=False)
    subject = forms.CharField(label="To whom or what", max_length=254, required=False)
    outcome = forms.ChoiceField(label="Outcome", choices=[("", "Any"), *OUTCOMES], required=False)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or {}
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since > until:
            self.add_error("until", "This day is before the first one.")
        return cleaned

    @property
    def wanted(self) -> AuditFilter:
        """The filter of a valid form."""
        texts = {name: self.cleaned_data[name] for name in ("person", "action", "subject", "outcome")}
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        return AuditFilter(
            **texts,
            since=_midnight(since) if since else None,
            until=_midnight(until, days=1) if until else None,
        )


def _midnight(day: date, *, days: int = 0) -> datetime:
    """Return the beginning of a day, or of one after it, in the active zone."""
    # Held inside the calendar first: the day after its last one is none.
    noon = showable(datetime.combine(day, time(12), tzinfo=UTC)).date()
    return datetime.combine(noon + timedelta(days=days), time(0), tzinfo=timezone.get_current_timezone())


class AuditExportForm(forms.Form):
    """Which kind of file is wanted."""

    kind = forms.ChoiceField(choices=[("csv", "CSV"), ("jsonl", "JSON Lines")])
