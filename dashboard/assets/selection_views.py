"""What is done with many assets at once, and the way to original files."""

from threading import BoundedSemaphore

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from dashboard.accounts.access import MAY_CURATE, Scope, member
from dashboard.assets.curation import assets_hide, assets_show, tag_add, tag_remove
from dashboard.assets.curation_forms import SelectionForm, TagForm
from dashboard.assets.gallery import gallery_list
from dashboard.assets.gallery_forms import AssetFilterForm
from dashboard.assets.gallery_head import head_get
from dashboard.assets.media_views import HEADERS
from dashboard.assets.models import Asset
from dashboard.assets.originals import OriginalLost
from dashboard.assets.ranges import kept_part, original_answer
from dashboard.assets.selectors import asset_get, asset_list
from dashboard.assets.spool import has_original, original_spool
from dashboard.assets.zip_export import KIND, zip_name
from dashboard.assets.zips import zip_chunks
from dashboard.audit.services import audit_record
from dashboard.exports.answers import export_answer

# More files than these are made in the background: nobody waits for them with a page open.
MOST_AT_ONCE = 50
# Each fetches a file to this machine's disk and holds a thread while it does, also for a part: players wait their turn.
ORIGINALS_AT_ONCE, WAIT_SECONDS = BoundedSemaphore(4), 5
TAGGING = {"tag": tag_add, "untag": tag_remove}
HIDING = {"hide": assets_hide, "show": assets_show}
# Of one asset, and of any other number.
DONE = {
    "tag": ("1 asset got the tag.", "{} assets got the tag."),
    "untag": ("The tag was taken away from 1 asset.", "The tag was taken away from {} assets."),
    "hide": (
        "1 asset is out of sight. The filter Hidden finds it.",
        "{} assets are out of sight. The filter Hidden finds them.",
    ),
    "show": ("1 asset is in the gallery again.", "{} assets are in the gallery again."),
}


@member()
@require_POST
def selection(request: HttpRequest, scope: Scope) -> HttpResponseBase:
    """Do something with the selected assets of what the address's filter finds."""
    filters = AssetFilterForm(request.GET)
    form = SelectionForm(request.POST)
    if not (form.is_valid() and filters.is_valid()):
        problems = form.non_field_errors() or ["Nothing was done: what was sent cannot be read."]
        messages.error(request, " ".join(map(str, problems)))
        return _gallery(scope, filters, form)
    assets = form.meant(gallery_list(scope.workspace, filters.wanted))
    if form.cleaned_data["act"] == "zip":
        return _zip(request, scope, filters, form, assets)
    if not scope.may(MAY_CURATE):
        raise PermissionDenied
    _curate(request, scope, form.cleaned_data["act"], assets)
    return _gallery(scope, filters, form)


@member()
@require_safe
def asset_original(request: HttpRequest, scope: Scope, number: int) -> HttpResponseBase:
    """Send the file itself, or the part that a player asks for, checked against what it was when we saw it first."""
    asset = asset_get(scope.workspace, number)
    if not has_original(asset):
        raise Http404
    part = kept_part(request, asset)
    if part is not None:
        return _with_headers(part)
    if not ORIGINALS_AT_ONCE.acquire(timeout=WAIT_SECONDS):
        return HttpResponse("Busy with other files.", status=503, headers={"Retry-After": "10"})
    try:
        return _with_headers(original_answer(request, original_spool(asset)))
    except OriginalLost as lost:
        if "text/html" not in request.headers.get("Accept", ""):
            return HttpResponse(str(lost), status=502, content_type="text/plain")
        messages.error(request, f"The original file could not be had. {lost}")
        return redirect("gallery:asset_detail", scope.workspace.key, number)
    finally:
        ORIGINALS_AT_ONCE.release()


def _with_headers(response: HttpResponseBase) -> HttpResponseBase:
    for name, value in {**HEADERS, "Cache-Control": "private, max-age=3600"}.items():
        response[name] = value
    return response


def _curate(request: HttpRequest, scope: Scope, act: str, assets: QuerySet[Asset]) -> None:
    workspace, user = scope.workspace, scope.user
    if act in TAGGING:
        form = TagForm(request.POST)
        if not form.is_valid():
            messages.error(request, form.problem)
            return
        done = TAGGING[act](workspace=workspace, assets=assets, name=form.cleaned_data["tag"], user=user)
    else:
        done = HIDING[act](workspace=workspace, assets=assets, user=user)
    messages.success(request, DONE[act][done != 1].format(done))


def _zip(
    request: HttpRequest, scope: Scope, filters: AssetFilterForm, form: SelectionForm, assets: QuerySet[Asset]
) -> HttpResponseBase:
    """Stream a few files as a zip; have many made in the background."""
    count = assets.order_by()[: MOST_AT_ONCE + 1].count()
    if not count:
        messages.error(request, "None of these can be found any more.")
        return _gallery(scope, filters, form)
    if count > MOST_AT_ONCE:
        numbers = "" if form.cleaned_data["everything"] else ",".join(map(str, form.cleaned_data["numbers"]))
        return export_answer(
            request,
            user=scope.user,
            workspace=scope.workspace,
            kind=KIND,
            parameters={"query": filters.address.lstrip("?"), "numbers": numbers},
            page_url=_gallery_url(scope, filters, form),
            about=_about(request, scope, form),
        )
    audit_record(
        action="assets.downloaded",
        actor=scope.user,
        workspace_id=scope.workspace.pk,
        subject=("gallery", scope.workspace.key, f"{count} assets"),
        after={"assets": count},
    )
    response = StreamingHttpResponse((data for data, _ in zip_chunks(assets)), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{zip_name(scope.workspace)}"'
    response["Content-Encoding"] = "identity"
    return response


def _about(request: HttpRequest, scope: Scope, form: SelectionForm) -> str:
    """Say what is meant, by the names that the filter has on the page; empty for everything there is."""
    chips = AssetFilterForm(request.GET, names=head_get(scope.workspace).names).chips
    filters = ", ".join(f"{chip.label}: {chip.text}" for chip in chips)
    if form.cleaned_data["everything"]:
        return filters
    picked = f"{len(form.cleaned_data['numbers']):,} selected one by one"
    return f"{picked}, of {filters}" if filters else picked


def _gallery(scope: Scope, filters: AssetFilterForm, form: SelectionForm) -> HttpResponse:
    return redirect(_gallery_url(scope, filters, form))


def _gallery_url(scope: Scope, filters: AssetFilterForm, form: SelectionForm) -> str:
    """Return the address of the gallery where it was looked at; `form` was asked whether it is valid."""
    at = form.cleaned_data.get("at")
    first = asset_list(scope.workspace).filter(pk=at).first() if at else None
    return reverse("gallery:gallery", args=[scope.workspace.key]) + filters.address_at(first)
