"""A range of days, as it stands in a page's address."""

from datetime import UTC, date, datetime, time, timedelta

from django import forms
from django.utils import timezone

from dashboard.lib.dates import showable


class DaysForm(forms.Form):
    """Days are whole days of the active time zone, both ends included."""

    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or {}
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since > until:
            self.add_error("until", "This day is before the first one.")
        return cleaned

    @property
    def bounds(self) -> tuple[datetime | None, datetime | None]:
        """Return the moments of a valid form: the first is included, the second is not; None: no bound."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        return (_midnight(since) if since else None, _midnight(until, days=1) if until else None)


def _midnight(day: date, *, days: int = 0) -> datetime:
    """Return the beginning of a day, or of one after it, in the active zone."""
    # Held inside the calendar first: the day after its last one is none.
    noon = showable(datetime.combine(day, time(12), tzinfo=UTC)).date()
    return datetime.combine(noon + timedelta(days=days), time(0), tzinfo=timezone.get_current_timezone())
