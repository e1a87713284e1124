"""The gallery: its grid, one asset large, and what people do with one or with many."""

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from dashboard.accounts.access import MAY_CURATE, OWNER_ONLY, Scope, member
from dashboard.accounts.answers import kept_answer
from dashboard.activity.forms import address_without
from dashboard.assets.curation import assets_hide, assets_show, tag_add, tag_remove
from dashboard.assets.curation_forms import TagForm
from dashboard.assets.gallery import gallery_list, gallery_page, gallery_page_whole, has_hidden
from dashboard.assets.gallery_forms import AssetFilterForm, address_tidied
from dashboard.assets.gallery_head import head_get
from dashboard.assets.gallery_months import COUNT_LIMIT, gallery_months, months_found
from dashboard.assets.models import Asset
from dashboard.assets.selectors import asset_get, asset_list, tag_names
from dashboard.assets.spool import has_original
from dashboard.assets.viewer import viewer_get
from dashboard.catalog.selectors import capability_names
from dashboard.lib.paging import cursor_above, cursor_from


@member()
@require_GET
@kept_answer
def gallery(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show a page of the grid; a script that goes on where it ended asks for the tiles alone (`X-Fragment`)."""
    tidied = address_tidied(request.GET)
    if tidied is not None:
        return redirect(request.path + tidied)
    head, tags, form = head_get(scope.workspace), tag_names(scope.workspace), AssetFilterForm(request.GET)
    context = {
        "scope": scope,
        # With its menus, for where the filter is drawn anew.
        "form": partial(AssetFilterForm, request.GET, names=head.names, tags=tags),
        "drawn_of": (head.names, tags, tuple(capability_names().items()), address_without(request.GET)),
        "inbox_waiting": head.waiting,
        "count_limit": COUNT_LIMIT,
        "may_curate": scope.may(MAY_CURATE),
        # A filter that cannot be read shows what is wrong with it and no pictures: all of them would answer nothing.
        **(_found(request, scope, form) if form.is_valid() else {}),
    }
    template = "assets/_gallery_page.html" if request.headers.get("X-Fragment") else "assets/gallery.html"
    return render(request, template, context)


def _found(request: HttpRequest, scope: Scope, form: AssetFilterForm) -> dict[str, object]:
    """What a filter that can be read finds."""
    wanted, cursor = form.wanted, request.GET.get("page", "")
    if wanted.is_empty:
        (months, count), page = gallery_months(scope.workspace), gallery_page_whole(scope.workspace, cursor=cursor)
    else:
        assets = gallery_list(scope.workspace, wanted)
        (months, count), page = months_found(scope.workspace, assets), gallery_page(assets, cursor=cursor)
    return {
        "page": page,
        "here": cursor_from(page.rows[0], "created_at") if page.rows else "",
        "above": cursor_above(page.rows[0], "created_at") if page.newer and page.rows else "",
        "address": form.address,
        "is_filtered": bool(form.chips),
        "is_hidden": wanted.is_hidden,
        "are_all_hidden": wanted.is_empty and not count and has_hidden(scope.workspace),
        "months": tuple(months),
        "counts": {month.key: month.said for month in months},
        "count": count,
    }


@member()
@require_GET
def asset_detail(request: HttpRequest, scope: Scope, number: int) -> HttpResponse:
    form = AssetFilterForm(request.GET)
    # A filter that cannot be read leads to no neighbour.
    assets = gallery_list(scope.workspace, form.wanted) if form.is_valid() else Asset.objects.none()
    view = viewer_get(scope.workspace, number, among=assets)
    context = {
        "scope": scope,
        "form": form,
        "view": view,
        "place": form.address_at(view.asset if view.newer else None),
        "inbox_waiting": view.waiting,
        "has_original": has_original(view.asset),
        "may_curate": scope.may(MAY_CURATE),
        "may_purge": scope.may(OWNER_ONLY) and view.asset.purged_at is None,
        "page_url": request.build_absolute_uri(request.path),
    }
    return render(request, "assets/asset_detail.html", context)


@member(MAY_CURATE)
@require_POST
def asset_tags(request: HttpRequest, scope: Scope, number: int) -> HttpResponse:
    """Give an asset a tag, or take one away (`remove`)."""
    form = TagForm(request.POST)
    act = tag_remove if "remove" in request.POST else tag_add
    asset = asset_get(scope.workspace, number)
    if form.is_valid():
        one = asset_list(scope.workspace).filter(pk=asset.pk)
        act(workspace=scope.workspace, assets=one, name=form.cleaned_data["tag"], user=scope.user)
    else:
        messages.error(request, form.problem)
    return _back(scope, request, number)


@member(MAY_CURATE)
@require_POST
def asset_hiding(request: HttpRequest, scope: Scope, number: int) -> HttpResponse:
    """Take an asset out of sight in this gallery, or bring it back (`show`)."""
    act = assets_show if "show" in request.POST else assets_hide
    asset = asset_get(scope.workspace, number)
    act(workspace=scope.workspace, assets=asset_list(scope.workspace).filter(pk=asset.pk), user=scope.user)
    return _back(scope, request, number)


def _back(scope: Scope, request: HttpRequest, number: int) -> HttpResponse:
    url = reverse("gallery:asset_detail", args=[scope.workspace.key, number])
    return redirect(f"{url}?{request.GET.urlencode()}" if request.GET else url)
