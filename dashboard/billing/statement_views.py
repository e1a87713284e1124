"""The platform's months: figures with their coverage, and the lines that they are made of as a file."""

from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from dashboard.accounts.access import platform, viewer
from dashboard.accounts.models import PlatformRole
from dashboard.audit.services import audit_record
from dashboard.billing.statement import COLUMNS, Period, statement_get, statement_rows
from dashboard.billing.statement_export import STATEMENT, STREAMED_AT_MOST, export_name, row_count
from dashboard.credits.months import Month
from dashboard.exports.answers import export_answer
from dashboard.lib.export import file_answer
from dashboard.lib.forms import FileKindForm

UTC = "UTC"


class PeriodForm(forms.Form):
    """Which month, and whose: UTC's or the viewer's."""

    month = forms.CharField(
        required=False, max_length=7, widget=forms.TextInput(attrs={"type": "month", "pattern": "[0-9]{4}-[0-9]{2}"})
    )
    zone = forms.ChoiceField(label="Days of", required=False)

    def __init__(self, data: object) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        zones = dict.fromkeys((UTC, timezone.get_current_timezone_name()))
        self.fields["zone"].choices = [(zone, zone.replace("_", " ")) for zone in zones]  # type: ignore[attr-defined]

    def clean_month(self) -> Month:
        written = self.cleaned_data["month"]
        month = Month.parse(written) if written else Month.now()
        if month is None:
            raise forms.ValidationError("Write a month as 2026-11.")
        return month

    @property
    def period(self) -> Period:
        """The period in the address; this month of UTC where none can be read there."""
        if not self.is_valid():
            return Period(Month.now(), ZoneInfo(UTC))
        return Period(self.cleaned_data["month"], ZoneInfo(self.cleaned_data["zone"] or UTC))


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
def statement(request: HttpRequest) -> HttpResponse:
    form = PeriodForm(request.GET or None)
    found = statement_get(form.period)
    context = {
        "form": form if form.is_bound else PeriodForm({"month": str(found.period.month), "zone": UTC}),
        "statement": found,
        "earlier_url": _url(found.period, -1),
        "later_url": _url(found.period, 1) if found.period.month < Month.now() else "",
        "is_running": found.period.start <= timezone.now() < found.period.end,
    }
    return render(request, "billing/statement.html", context)


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
def statement_export(request: HttpRequest) -> HttpResponseBase:
    period, export = PeriodForm(request.GET or None).period, FileKindForm(request.POST)
    if not export.is_valid():
        return redirect(_url(period, 0))
    kind, user = export.cleaned_data["kind"], viewer(request)
    told = {"month": str(period.month), "zone": str(period.zone), "format": kind}
    if row_count(period) > STREAMED_AT_MOST:
        return export_answer(
            request,
            user=user,
            workspace=None,
            kind=STATEMENT.name,
            parameters=told,
            page_url=_url(period, 0),
            about=f"{period.month.label}, {period.zone}",
        )
    audit_record(action="billing.exported", actor=user, subject=("statement", str(period.month), "Money"), after=told)
    return file_answer(export_name(period), kind, COLUMNS, statement_rows(period))


def _url(period: Period, months: int) -> str:
    chosen = {"month": str(period.month.shifted(months)), "zone": str(period.zone)}
    return f"{reverse('billing:statement')}?{urlencode(chosen)}"
