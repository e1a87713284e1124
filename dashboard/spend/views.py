"""What was spent on what: the page, and its figures as a file."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from dashboard.accounts.access import EVERY_ROLE, MAY_STOP, Scope, member
from dashboard.activity.forms import address_tidied
from dashboard.audit.services import audit_record
from dashboard.credits.runways import runway_columns, runway_get, runway_since
from dashboard.lib.export import file_answer
from dashboard.lib.forms import FileKindForm
from dashboard.spend.age import age_columns, age_of
from dashboard.spend.chart import chart_of
from dashboard.spend.export import COLUMNS, export_rows
from dashboard.spend.figures import spending_get
from dashboard.spend.forms import Drill, SpendForm
from dashboard.spend.funded import funded_claims, funded_of


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
    return render(request, "spend/spend.html", context)


@member(EVERY_ROLE)
@require_POST
def spend_export(request: HttpRequest, scope: Scope) -> HttpResponseBase:
    """Answer with the address's figures as a file; the export stands in the audit log before its first line leaves."""
    form, export = SpendForm(request.GET, workspace=scope.workspace), FileKindForm(request.POST)
    if not form.is_valid() or not export.is_valid():
        return redirect(f"{reverse('spend:spend', args=[scope.workspace.key])}?{request.GET.urlencode()}")
    kind = export.cleaned_data["kind"]
    audit_record(
        action="spend.exported",
        actor=scope.user,
        workspace_id=scope.workspace.pk,
        subject=("spend", scope.workspace.key, scope.workspace.name),
        after={"format": kind, "filter": form.said},
    )
    rows = export_rows(scope.workspace, form)
    return file_answer(f"spend-{scope.workspace.key}", kind, COLUMNS, rows)


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
    columns = {**runway_columns(runway_since(span.now)), **age_columns()}
    claims = list(funded_claims(scope.workspace, span, agent=agent).annotate(**columns))
    runways = {claim.agent.remote_id: runway_get(claim) for claim in claims} if kind.name == "agent" else {}
    return {
        "kind": kind,
        "span": span,
        "spending": found,
        "chart": chart_of(found, span),
        "chosen": next(iter(claims), None) if agent else None,
        "may_stop": scope.may(MAY_STOP),
        "funded": funded_of(claims, credits=found.total.sums.credits) if form.is_of_agents_alone else None,
        "runways": runways,
        "runways_shown": tuple((key, one.sentence, one.until) for key, one in runways.items()),
        "age": age_of(claims),
    }
