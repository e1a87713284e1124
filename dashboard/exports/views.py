"""A person's exports: their list, one with its progress, its file."""

from uuid import UUID

from django.contrib import messages
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboard.accounts.access import scope_get, signed_in, viewer
from dashboard.exports.answers import export_wake
from dashboard.exports.models import Export
from dashboard.exports.runs import FILE_KEPT, export_expire
from dashboard.exports.selectors import export_get, export_page
from dashboard.exports.services import ExportRefused, export_again, export_note_download

POLL_SECONDS = 2


@signed_in
@require_GET
def export_list(request: HttpRequest) -> HttpResponse:
    page = export_page(viewer(request), cursor=request.GET.get("page", ""))
    context = {"page": page, "kept_hours": FILE_KEPT.total_seconds() / 3600}
    return render(request, "exports/export_list.html", context)


@signed_in
@require_GET
def export_detail(request: HttpRequest, key: UUID) -> HttpResponse:
    """How far the file is: a page, or its fragment for the page that polls."""
    export = _export(request, key)
    context = {
        "export": export,
        "is_retried": export.state == Export.State.QUEUED and export.attempts > 0,
        "poll_seconds": POLL_SECONDS,
        "kept_hours": FILE_KEPT.total_seconds() / 3600,
    }
    template = "exports/_export.html" if request.headers.get("X-Fragment") else "exports/export_detail.html"
    return render(request, template, context)


@signed_in
@require_POST
def export_file(request: HttpRequest, key: UUID) -> HttpResponseBase:
    """Answer with the file; one that is not there, or not any more, leads back to the page that says so."""
    export = _export(request, key)
    file = _opened(export)
    if file is None:
        return redirect("exports:export_detail", export.key)
    export_note_download(export, user=viewer(request))
    answer = FileResponse(file, as_attachment=True, filename=export.file_name, content_type=export.content_type)
    answer["Content-Length"] = export.bytes
    return answer


def _opened(export: Export) -> "File[bytes] | None":
    """Return an export's file; None, and said so from now on, where it is not there."""
    if export.shown_state != Export.State.DONE:
        return None
    try:
        return default_storage.open(export.path)
    except FileNotFoundError:
        export_expire(export)
        return None


@signed_in
@require_POST
def export_repeat(request: HttpRequest, key: UUID) -> HttpResponse:
    """Make a file anew that failed or is gone."""
    export = _export(request, key)
    try:
        export_again(export)
    except ExportRefused as refusal:
        messages.error(request, str(refusal))
    else:
        export_wake(export)
    return redirect("exports:export_detail", export.key)


def _export(request: HttpRequest, key: UUID) -> Export:
    """Return the visitor's export, and stand in its workspace: the frame around the page is that one's."""
    export = export_get(viewer(request), key)
    if export.workspace:
        request.scope = scope_get(request, export.workspace.key)  # type: ignore[attr-defined]
    return export
