"""What was spent on what: the page, and its figures as a file."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from dashboard.accounts.access import EVERY_ROLE, Scope, member
from dashboard.activity.forms import address_tidied
from dashboard.audit.services import audit_record
from dashboard.lib.export import file_answer
from dashboard.spend.age import age_get
from dashboard.spend.chart import chart_of
from dashboard.spend.export import COLUMNS, export_rows
from dashboard.spend.figures import spending_get
from dashboard.spend.forms import Drill, SpendForm
from dashboard.spend.funded import funded_get


@member(EVERY_ROLE)
@require_GET
def spend(request: HttpRequest, scope: Scope) -> HttpResponse:
    tidied = address_tidied(request.GET)
    if tidied is not None:
        return redirect(request.path + tidied)
    form = SpendForm(request.GET, workspace=scope.workspace)
    context: dict[str, object] = {"scope": scope, "form": form, "is_valid": form.is_valid()}
    # Days that cannot be read show what is wrong with them and no figures: some others' would be an answer to nothing.
    if form.is_valid():
        context |= _figures(scope, form)
    return render(request, "spend/spend.html", context, status=200 if form.is_valid() else 422)


@member(EVERY_ROLE)
@require_POST
def spend_export(request: HttpRequest, scope: Scope) -> HttpResponseBase:
    """Answer with the address's figures as CSV; the export stands in the audit log before its first line leaves."""
    form = SpendForm(request.GET, workspace=scope.workspace)
    if not form.is_valid():
        return redirect(f"{reverse('spend:spend', args=[scope.workspace.key])}?{request.GET.urlencode()}")
    audit_record(
        action="spend.exported",
        actor=scope.user,
        workspace_id=scope.workspace.pk,
        subject=("spend", scope.workspace.key, scope.workspace.name),
        after={"format": "csv", "filter": form.said},
    )
    rows = export_rows(scope.workspace, form)
    return file_answer(f"spend-{scope.workspace.key}", "csv", COLUMNS, rows)


def _figures(scope: Scope, form: SpendForm) -> dict[str, object]:
    span, kind, agent = form.span, form.kind, form.cleaned_data["agent"]
    found = spending_get(
        scope.workspace,
        span=span,
        kind=kind,
        wanted=form.wanted,
        agents=form.agents,
        url_of=Drill(form.query, kind).to,
    )
    credits_ = found.total.sums.credits
    is_split = form.is_of_agents_alone and credits_
    return {
        "kind": kind,
        "span": span,
        "spending": found,
        "chart": chart_of(found, span),
        "funded": funded_get(scope.workspace, span, credits=credits_, agent=agent) if is_split else None,
        "age": age_get(scope.workspace, agent=agent),
    }
