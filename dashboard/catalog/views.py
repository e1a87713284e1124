"""Pages of the catalogue: public facts, so any member may read them, and whoever is signed in, without a workspace."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from dashboard.accounts.access import Scope, member, signed_in
from dashboard.catalog.facts import sheet_of, use_of, why_not
from dashboard.catalog.forms import CapabilityFilterForm, CatalogFilterForm
from dashboard.catalog.offer import makes, shelves
from dashboard.catalog.selectors import (
    capability_find,
    capability_list,
    catalog_cursor,
    model_get,
    models_listed,
    models_of,
)


@member()
@require_GET
def model_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    return _model_list(request, scope)


@signed_in
@require_GET
def model_list_all(request: HttpRequest) -> HttpResponse:
    return _model_list(request, None)


@member()
@require_GET
def model_detail(request: HttpRequest, scope: Scope, model_id: str) -> HttpResponse:
    return _model_detail(request, scope, model_id)


@signed_in
@require_GET
def model_detail_all(request: HttpRequest, model_id: str) -> HttpResponse:
    return _model_detail(request, None, model_id)


@member()
@require_GET
def capabilities(request: HttpRequest, scope: Scope) -> HttpResponse:
    return _capabilities(request, scope)


@signed_in
@require_GET
def capabilities_all(request: HttpRequest) -> HttpResponse:
    return _capabilities(request, None)


def _model_list(request: HttpRequest, scope: Scope | None) -> HttpResponse:
    models = models_listed()
    form = CatalogFilterForm(request.GET, models=models, workspace=scope.workspace if scope else None)
    context = _context(scope) | {"form": form, "count": len(models)}
    if form.is_valid():
        context |= {"agent": form.chosen, "shelves": shelves(form.found(), form.chosen)}
    return render(request, "catalog/model_list.html", context)


def _model_detail(request: HttpRequest, scope: Scope | None, model_id: str) -> HttpResponse:
    model = model_get(model_id)
    capability = capability_find(model.capability_id)
    form = CatalogFilterForm(request.GET, models=[model], workspace=scope.workspace if scope else None)
    agent = form.chosen if form.is_valid() else None
    context = _context(scope) | {
        "model": model,
        "capability": capability,
        "sheet": sheet_of(model, capability),
        "why_not": why_not(model),
        "agents": form.agents,
        "agent": agent,
        "makes": makes(model, agent),
    }
    return render(request, "catalog/model_detail.html", context)


def _capabilities(request: HttpRequest, scope: Scope | None) -> HttpResponse:
    listed = capability_list()
    form = CapabilityFilterForm(request.GET, capabilities=listed)
    found = form.found() if form.is_valid() else []
    models = models_of(one.remote_id for one in found)
    rows = [(one, models.get(one.remote_id), use_of(one)) for one in found]
    context = {"form": form, "count": len(listed), "rows": rows}
    return render(request, "catalog/capabilities.html", _context(scope) | context)


def _context(scope: Scope | None) -> dict[str, object]:
    home = reverse("catalog:model_list", args=[scope.workspace.key]) if scope else reverse("catalog:model_list_all")
    cursor = catalog_cursor()
    synced_at = cursor.synced_at if cursor else None
    return {"scope": scope, "home_url": home, "cursor": cursor, "synced_at": synced_at}
