"""The ledger: its page, what came in since, its months, a file."""

from functools import partial

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from dashboard.accounts.access import EVERY_ROLE, Scope, member
from dashboard.accounts.answers import kept_answer
from dashboard.activity.age import ledger_age
from dashboard.activity.arrivals import arrival_count, extent_get
from dashboard.activity.counts import Count, ledger_count
from dashboard.activity.export import COLUMNS, LEDGER, events_until_now, export_name, export_rows, is_long
from dashboard.activity.filter import event_find, event_list
from dashboard.activity.forms import (
    AfterForm,
    Arrivals,
    EventFilterForm,
    address_tidied,
    address_without,
    is_filtered,
    names_get,
)
from dashboard.activity.models import Event
from dashboard.activity.months import month_list
from dashboard.activity.selectors import event_page, ledger_page
from dashboard.audit.services import audit_record
from dashboard.exports.answers import export_answer
from dashboard.lib.export import file_answer
from dashboard.lib.forms import FileKindForm


@member()
@require_GET
@kept_answer
def ledger(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The ledger: a page, or the rows alone for a page that takes new ones in."""
    tidied = address_tidied(request.GET)
    if tidied is not None:
        return redirect(request.path + tidied)
    found = _found(request, scope) if is_filtered(request.GET) else _whole(request, scope)
    template = "activity/_ledger.html" if request.headers.get("X-Fragment") else "activity/event_list.html"
    kept, is_further = address_without(request.GET), "page" in request.GET
    return render(request, template, {"scope": scope, "kept": kept, "is_further": is_further, **found})


def _whole(request: HttpRequest, scope: Scope) -> dict[str, object]:
    """The page without a filter, whose form is not even made where the one that was drawn before is the same."""
    # Before the rows are read: what comes in between counts as new, and is not missed. And before all else: it differs
    # most often, and a page that is asked whether it is still the same asks in this order.
    extent = extent_get(scope.workspace)
    names = names_get(scope.workspace)
    return {
        "form": partial(EventFilterForm, request.GET, workspace=scope.workspace, names=names),
        "is_valid": True,
        "names": names,
        "page": ledger_page(scope.workspace, cursor=request.GET.get("page", "")),
        "count": Count(extent.events),
        "age": ledger_age(scope.workspace),
        "arrivals": Arrivals(extent.newest, request.GET),
    }


def _found(request: HttpRequest, scope: Scope) -> dict[str, object]:
    """What a filter finds; one that cannot be read shows what is wrong with it and no rows, for all answer nothing."""
    form = EventFilterForm(request.GET, workspace=scope.workspace)
    if not form.is_valid():
        return {"form": form, "is_valid": False, "names": tuple(form.names.items())}
    extent = extent_get(scope.workspace)
    found = event_find(scope.workspace, form.wanted)
    return {
        "form": form,
        "is_valid": True,
        "names": tuple(form.names.items()),
        "page": event_page(found.events, cursor=request.GET.get("page", ""), reader=scope.workspace),
        "count": ledger_count(scope.workspace, form.wanted, found),
        "age": ledger_age(scope.workspace),
        "arrivals": Arrivals(extent.newest, request.GET),
    }


@member()
@require_GET
def event_arrivals(request: HttpRequest, scope: Scope) -> HttpResponse:
    """How many events of the address's filter have come after one that was the newest: a part that polls."""
    form, after = EventFilterForm(request.GET, workspace=scope.workspace), AfterForm(request.GET)
    if not form.is_valid() or not after.is_valid():
        raise Http404
    known = after.cleaned_data["after"]
    count = arrival_count(event_list(scope.workspace, form.wanted), after=known)
    context = {"scope": scope, "arrivals": Arrivals(known, request.GET, count)}
    return render(request, "activity/_arrivals.html", context)


@member()
@require_GET
@kept_answer
def event_months(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The months of the ledger: a page, or the menu of the page that jumps, which bears the ledger's own age."""
    is_menu = "X-Fragment" in request.headers
    context = {
        "scope": scope,
        "months": month_list(scope.workspace),
        "age": None if is_menu else ledger_age(scope.workspace),
        # A jump keeps the filter but for its days, which could have no row there.
        "kept": address_without(request.GET, "since", "until"),
    }
    template = "activity/_month_menu.html" if is_menu else "activity/month_list.html"
    return render(request, template, context)


@member(EVERY_ROLE)
@require_POST
def event_export(request: HttpRequest, scope: Scope) -> HttpResponseBase:
    """Answer with the rows of the address's filter, or where they are many with the page of the file being made."""
    form, export = EventFilterForm(request.GET, workspace=scope.workspace), FileKindForm(request.POST)
    query = request.GET.copy()
    query.pop("page", None)
    page_url = f"{reverse('activity:event_list', args=[scope.workspace.key])}?{query.urlencode()}"
    if not form.is_valid() or not export.is_valid():
        return redirect(page_url)
    kind = export.cleaned_data["kind"]
    events, newest = events_until_now(event_list(scope.workspace, form.wanted))
    if not is_long(events):
        return _file_at_once(scope, form, kind, events)
    return export_answer(
        request,
        user=scope.user,
        workspace=scope.workspace,
        kind=LEDGER.name,
        parameters={"query": query.urlencode(), "format": kind},
        page_url=page_url,
        about=", ".join(f"{chip.label}: {chip.text}" for chip in form.chips),
        upto=newest,
    )


def _file_at_once(scope: Scope, form: EventFilterForm, kind: str, events: QuerySet[Event]) -> HttpResponseBase:
    """Answer with a file; that it was exported stands in the audit log before its first line leaves."""
    audit_record(
        action="activity.exported",
        actor=scope.user,
        workspace_id=scope.workspace.pk,
        subject=("activity", scope.workspace.key, scope.workspace.name),
        after={"format": kind, "filter": form.wanted.said},
    )
    return file_answer(export_name(scope.workspace), kind, COLUMNS, export_rows(events))
