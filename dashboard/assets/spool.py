"""Original files, read whole and checked before the first byte of them leaves: they wait on this machine's disk."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

from dashboard.assets.models import Asset
from dashboard.assets.originals import original_open
from dashboard.assets.sniffing import HEAD, file_name, type_of

CHUNK = 1 << 16


@dataclass(frozen=True)
class Spooled:
    """A file that is the one we know: open at its beginning, with its type by its bytes, its length and its SHA-256."""

    file: IO[bytes]
    name: str
    content_type: str
    size: int
    sha256: str

    def chunks(self) -> Iterator[bytes]:
        """Yield the file in pieces, then close it."""
        with self.file:
            while chunk := self.file.read(CHUNK):
                yield chunk


def has_original(asset: Asset) -> bool:
    """Tell whether there is a way to the file at all."""
    return asset.is_kept or bool(asset.url and asset.purged_at is None and asset.preview != Asset.Preview.GONE)


def original_spool(asset: Asset) -> Spooled:
    """Read an asset's file into a temporary one; raises OriginalLost where it cannot be had or is another."""
    file, digest = TemporaryFile(), hashlib.sha256()  # noqa: SIM115 - closed by whoever reads it
    try:
        with original_open(asset) as original:
            for chunk in original.chunks:
                file.write(chunk)
                digest.update(chunk)
    except BaseException:
        file.close()
        raise
    size = file.tell()
    file.seek(0)
    mime = type_of(file.read(HEAD))
    file.seek(0)
    return Spooled(file, file_name(asset.remote_id, mime), mime, size, digest.hexdigest())
