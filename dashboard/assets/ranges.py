"""Parts of kept originals (RFC 9110, 14): a player that seeks asks for the bytes from there on.

Of a kept file alone: it lies under its own hash. Any other one leaves whole and checked, or not at all.
"""

import re
from collections.abc import Iterator

from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from dashboard.assets.models import Asset
from dashboard.assets.originals import file_name, shown_type
from dashboard.assets.storage import CHUNK, original_path

_ONE_PART = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def ranges_told(asset: Asset) -> dict[str, str]:
    """Return the headers that say that a file may be asked for in parts; none where it may not."""
    return {"Accept-Ranges": "bytes", "ETag": f'"{asset.content_hash}"'} if asset.is_kept else {}


def part_get(request: HttpRequest, asset: Asset) -> HttpResponseBase | None:
    """Answer with the part of a kept file that is asked for (206) or with its size (416); None: the whole is due."""
    told, size = ranges_told(asset), asset.content_bytes
    if not told or size is None or request.method != "GET":
        return None
    # The file is another than the one of which the other parts are held.
    if request.headers.get("If-Range", told["ETag"]) != told["ETag"]:
        return None
    part = part_of(request.headers.get("Range", ""), size)
    if part is None:
        return None
    if not part:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}", **told})
    name = original_path(asset.workspace.key, asset.content_hash)
    if not default_storage.exists(name):
        return None
    headers = {
        "Content-Type": shown_type(asset),
        "Content-Length": str(len(part)),
        "Content-Range": f"bytes {part[0]}-{part[-1]}/{size}",
        "Content-Disposition": f'attachment; filename="{file_name(asset)}"',
    }
    return StreamingHttpResponse(_read(name, part), status=206, headers={**told, **headers})


def part_of(header: str, size: int) -> range | None:
    """Return the bytes that a Range header means, none for what lies behind the end; None: it is to be ignored.

    Several parts at once are ignored, as the rule allows: no player asks for them.
    """
    found = _ONE_PART.fullmatch(header.strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return range(max(size - int(last), 0), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


def _read(name: str, part: range) -> Iterator[bytes]:
    # Opened with the first piece: who hangs up before leaves nothing open.
    with default_storage.open(name, "rb") as file:
        file.seek(part[0])
        left = len(part)
        while left and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
