"""Serving small pictures: to members of their workspace, for good, and never as anything but a picture."""

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, HttpResponseNotModified
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from dashboard.accounts.access import Scope, member
from dashboard.assets.models import Asset
from dashboard.assets.previews import PREVIEW_WIDTHS
from dashboard.assets.storage import preview_path

# The address names the content, so the picture may stay in the browser of who saw it, and in no cache between.
HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    # So that nothing on the way packs what is packed already.
    "Content-Encoding": "identity",
}


@member()
@require_safe
def preview(request: HttpRequest, scope: Scope, number: int, width: int, preview_key: str) -> HttpResponseBase:
    shown = Asset.objects.filter(pk=number, workspace=scope.workspace, preview_key=preview_key, purged_at=None)
    if width not in PREVIEW_WIDTHS or not shown.filter(preview_largest__gte=width).exists():
        raise Http404
    etag = f'"{preview_key}-{width}"'
    unchanged = get_conditional_response(request, etag=etag)
    if isinstance(unchanged, HttpResponseNotModified):
        return _with(unchanged, etag)
    try:
        file = default_storage.open(preview_path(scope.workspace.key, preview_key, width), "rb")
    except OSError:
        raise Http404 from None
    return _with(FileResponse(file, content_type="image/webp"), etag)


def _with(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    for name, value in HEADERS.items():
        response[name] = value
    response["ETag"] = etag
    return response
