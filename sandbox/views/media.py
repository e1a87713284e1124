"""The public media files."""

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from sandbox import media
from sandbox.endpoint import refuse_other_methods, trace_of
from sandbox.envelope import fail
from sandbox.errors import ApiError
from sandbox.guidance import command
from sandbox.models import Asset


def media_show(request: HttpRequest, file_name: str) -> HttpResponseBase:
    """The bytes of one asset for anybody who knows its address: exact length, never compressed (contract 2.20)."""
    try:
        refuse_other_methods(request, "GET")
        return _file(request, _public_asset(file_name))
    except ApiError as error:
        return fail(command("assets get"), trace_of(request), error)


def _public_asset(file_name: str) -> Asset:
    asset_id, _, extension = file_name.rpartition(".")
    asset = Asset.objects.filter(pk=asset_id, extension=extension).first()
    if asset is None:
        raise ApiError("ASSET_NOT_FOUND", "There is no such file.")
    return asset


def _file(request: HttpRequest, asset: Asset) -> HttpResponseBase:
    headers = {
        "Content-Length": str(asset.content_length),
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    try:
        file = media.path_of(asset).open("rb")
    except FileNotFoundError as error:
        raise ApiError("ASSET_NOT_FOUND", "There is no such file.") from error
    if request.method == "HEAD":
        # A file response would stream the file to nobody.
        file.close()
        return HttpResponse(content_type=asset.mime_type, headers=headers)
    return FileResponse(file, content_type=asset.mime_type, headers=headers)
