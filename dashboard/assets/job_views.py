"""The pages of jobs."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard.accounts.access import Scope, member
from dashboard.activity.age import ledger_age
from dashboard.assets.job_detail import job_get, job_page
from dashboard.assets.job_lines import seconds_text
from dashboard.assets.jobs import JobFilterForm


@member()
@require_GET
def job_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = JobFilterForm(request.GET, workspace=scope.workspace)
    is_valid = form.is_valid()
    context = {
        "scope": scope,
        "form": form,
        "age": ledger_age(scope.workspace),
        "page": form.page(cursor=request.GET.get("page", "")) if is_valid else None,
        "is_filtered": any(request.GET.get(name) for name in form.fields),
    }
    return render(request, "assets/job_list.html", context, status=200 if is_valid else 422)


@member()
@require_GET
def job_detail(request: HttpRequest, scope: Scope, number: int) -> HttpResponse:
    job = job_get(scope.workspace, number)
    context = {"scope": scope, "page": job_page(job), "job": job, "duration": seconds_text(job.duration_ms)}
    return render(request, "assets/job_detail.html", context)
