"""Originals whole or in parts (RFC 9110, 14): a player that seeks asks for the bytes from there on.

A part of a kept file is read off our copy, which lies under its own hash. Any other file is fetched whole and checked
for each part, since no part can be checked alone: that costs no more than asking for the whole as often.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse

from dashboard.assets.models import Asset
from dashboard.assets.sniffing import ENDINGS, UNKNOWN, file_name
from dashboard.assets.spool import Spooled
from dashboard.assets.storage import CHUNK, original_path

_ONE_PART = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def kept_part(request: HttpRequest, asset: Asset) -> HttpResponseBase | None:
    """Answer with the part of a kept file that is asked for; None: it is to be spooled."""
    size, sha256 = asset.content_bytes, asset.content_hash
    if not asset.is_kept or size is None or _part_wanted(request, size, sha256) is None:
        return None
    try:
        file = default_storage.open(original_path(asset.workspace.key, sha256), "rb")
    except OSError:
        return None
    # Of a file that is kept, its type is what we found it to be.
    mime = asset.mime_type if asset.mime_type in ENDINGS else UNKNOWN
    return original_answer(request, Spooled(file, file_name(asset.remote_id, mime), mime, size, sha256))


def original_answer(request: HttpRequest, original: Spooled) -> HttpResponseBase:
    """Answer with a file, or with the part of it that is asked for (206); none where that is behind its end (416)."""
    size, part = original.size, _part_wanted(request, original.size, original.sha256)
    answer: HttpResponseBase
    if part is None:
        answer = FileResponse(original.file)
    else:
        answer = StreamingHttpResponse(_Pieces(original.file, part), status=206 if part else 416)
        answer["Content-Range"] = f"bytes {part[0]}-{part[-1]}/{size}" if part else f"bytes */{size}"
    answer["Content-Type"] = original.content_type
    answer["Content-Length"] = str(size if part is None else len(part))
    answer["Content-Disposition"] = f'attachment; filename="{original.name}"'
    answer["Accept-Ranges"], answer["ETag"] = "bytes", f'"{original.sha256}"'
    return answer


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


def _part_wanted(request: HttpRequest, size: int, sha256: str) -> range | None:
    """Return the bytes that a request means; None: the whole, as where the other parts are held of another file."""
    etag = f'"{sha256}"'
    is_same = request.method == "GET" and request.headers.get("If-Range", etag) == etag
    return part_of(request.headers.get("Range", ""), size) if is_same else None


@dataclass(frozen=True)
class _Pieces:
    """A part of an open file, which is closed with the answer that it belongs to."""

    file: IO[bytes]
    part: range

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(self.part.start)
        left = len(self.part)
        while left and (chunk := self.file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk

    def close(self) -> None:
        self.file.close()
