"""The original files: streamed from our copy or from where the service keeps them, and checked on the way."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.core.files.storage import default_storage

from dashboard.assets.models import Asset
from dashboard.assets.reach import FILE_LIMITS, media_reach
from dashboard.assets.storage import original_chunks, original_path
from dashboard.lib.outbound import Fetched, OutboundError, fetch, opened, refuse_status

ENDINGS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/avif": "avif",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/mpeg": "mp3",
    "model/gltf-binary": "glb",
}


class OriginalLost(Exception):
    """The file cannot be had, or is not the one that it was. The message is a sentence for people."""


@dataclass(frozen=True)
class Original:
    """A file that is being read: `size` in bytes where it is known; `chunks` are read once.

    Of a file whose length or hash is not what it should be, the last piece is never yielded: OriginalLost is raised in
    its place, so whoever passes the pieces on has passed on no whole file.
    """

    name: str
    content_type: str
    size: int | None
    chunks: Iterator[bytes]


@contextmanager
def original_open(asset: Asset) -> Iterator[Original]:
    """Open an asset's file with constant memory; raises OriginalLost, while the chunks are read too.

    Never called while a page is drawn: a file that we do not keep is asked for at its host.
    """
    if asset.purged_at is not None:
        raise OriginalLost("The file was purged by an owner of this workspace.")
    if asset.is_kept and asset.content_hash:
        try:
            yield _original(asset, asset.content_bytes, original_chunks(asset))
        except OSError:
            raise OriginalLost("Our copy of the file is not there any more.") from None
        return
    try:
        with opened(asset.url, reach=media_reach(), limits=FILE_LIMITS) as answer:
            refuse_status(answer.status)
            declared = answer.headers.get("content-length", "")
            size = int(declared) if declared.isascii() and declared.isdigit() else None
            yield _original(asset, size, answer.chunks)
    except OutboundError as error:
        raise OriginalLost(f"The file could not be fetched. {error}") from None


def original_fetch(asset: Asset, path: Path) -> Fetched:
    """Write an asset's file to `path`, from our copy where there is one; raises OutboundError."""
    if asset.is_kept and default_storage.exists(original_path(asset.workspace.key, asset.content_hash)):
        name = original_path(asset.workspace.key, asset.content_hash)
        with path.open("wb") as to, default_storage.open(name, "rb") as kept:
            shutil.copyfileobj(kept, to)
        return Fetched(path.stat().st_size, asset.content_hash, asset.mime_type)
    with path.open("wb") as file:
        return fetch(asset.url, to=file, reach=media_reach(), limits=FILE_LIMITS)


def file_name(asset: Asset) -> str:
    """Return what a file is called on the disk of whoever takes it: its id, and an ending that fits what it is."""
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "-_") else "_" for one in asset.remote_id)
    return f"{plain[:150]}.{ENDINGS.get(asset.mime_type, 'bin')}"


def shown_type(asset: Asset) -> str:
    """Return the type that a file is handed over as: what we found it to be, whatever it says, or mere bytes."""
    return asset.mime_type if asset.mime_type in ENDINGS else "application/octet-stream"


def _original(asset: Asset, size: int | None, chunks: Iterable[bytes]) -> Original:
    return Original(file_name(asset), shown_type(asset), size, _checked(asset, chunks))


def _checked(asset: Asset, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces, the last one only if all of them together are the file that we know."""
    digest, size, held = hashlib.sha256(), 0, b""
    for chunk in chunks:
        if held:
            yield held
        held = chunk
        digest.update(chunk)
        size += len(chunk)
    expected = asset.content_bytes if asset.content_bytes is not None else asset.content_length
    if expected is not None and size != expected:
        raise OriginalLost(f"The file has {size} bytes instead of {expected}.")
    if asset.content_hash and digest.hexdigest() != asset.content_hash:
        raise OriginalLost("The file is not the one that it was when we first fetched it.")
    if held:
        yield held
