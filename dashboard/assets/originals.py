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
from dashboard.assets.selectors import was_purged
from dashboard.assets.storage import original_chunks, original_path
from dashboard.lib.outbound import Fetched, OutboundError, fetch, opened, refuse_status

PURGED = "The file was purged by an owner of this workspace."


class OriginalLost(Exception):
    """The file cannot be had, or is not the one that it was. The message is a sentence for people."""


@dataclass(frozen=True)
class Original:
    """A file that is being read: `size` in bytes where it is known; `chunks` are read once.

    Of a file whose length or hash is not what it should be, the last piece is never yielded: OriginalLost is raised in
    its place, so whoever passes the pieces on has passed on no whole file.
    """

    size: int | None
    chunks: Iterator[bytes]


@contextmanager
def original_open(asset: Asset) -> Iterator[Original]:
    """Open an asset's file with constant memory; raises OriginalLost, while the chunks are read too.

    Never called while a page is drawn: a file that we do not keep is asked for at its host.
    """
    if asset.purged_at is not None:
        raise OriginalLost(PURGED)
    if asset.is_kept and asset.content_hash:
        try:
            yield Original(asset.content_bytes, _checked(asset, original_chunks(asset)))
        except OSError:
            raise OriginalLost("Our copy of the file is not there any more.") from None
        return
    try:
        with opened(asset.url, reach=media_reach(), limits=FILE_LIMITS) as answer:
            refuse_status(answer.status)
            declared = answer.headers.get("content-length", "")
            size = int(declared) if declared.isascii() and declared.isdigit() else None
            yield Original(size, _checked(asset, answer.chunks))
    except OutboundError as error:
        raise OriginalLost(f"The file could not be fetched. {error}") from None


def original_fetch(asset: Asset, path: Path) -> Fetched:
    """Write an asset's file to `path`, from our copy where there is one; raises OutboundError.

    A copy that is not there any more is promised no longer.
    """
    name = original_path(asset.workspace.key, asset.content_hash)
    if asset.is_kept and default_storage.exists(name):
        with path.open("wb") as to, default_storage.open(name, "rb") as kept:
            shutil.copyfileobj(kept, to)
        return Fetched(path.stat().st_size, asset.content_hash, asset.mime_type)
    asset.is_kept, asset.kept_at = False, None
    with path.open("wb") as file:
        return fetch(asset.url, to=file, reach=media_reach(), limits=FILE_LIMITS)


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
    if was_purged(asset, digest.hexdigest()):
        raise OriginalLost(PURGED)
    if asset.content_hash and digest.hexdigest() != asset.content_hash:
        raise OriginalLost("The file is not the one that it was when we first fetched it.")
    if held:
        yield held
