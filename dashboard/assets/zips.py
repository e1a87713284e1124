"""Many assets as one zip, made while it is sent: never more than one file is held, and that on disk.

Each file is read whole and checked before it goes in. What could not be had is no entry, but a line of the manifest
that says why.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from tempfile import TemporaryFile
from typing import IO

import structlog
from django.conf import settings
from django.db.models import QuerySet
from zipstream import ZipStream

from dashboard.assets.manifest import COLUMNS, manifest_rows
from dashboard.assets.models import Asset
from dashboard.assets.originals import OriginalLost
from dashboard.assets.spool import CHUNK, Spooled, has_original, original_spool
from dashboard.lib.export import csv_lines
from dashboard.lib.paging import rows_stream

BATCH = 100
log = structlog.get_logger(__name__)


def zip_chunks(assets: QuerySet[Asset]) -> Iterator[tuple[bytes, int]]:
    """Yield a zip of assets in pieces, each with how many assets ended in it; the newest comes first."""
    found = rows_stream(assets.select_related("agent", "job", "workspace"), by="created_at", batch=BATCH)
    zipped = ZipStream()
    with TemporaryFile("w+", encoding="utf-8") as lines:
        while some := list(islice(found, BATCH)):
            for asset, row in zip(some, manifest_rows(some), strict=True):
                yield from ((chunk, 0) for chunk in _with_file(zipped, asset, row))
                lines.write(json.dumps(row) + "\n")
                yield b"", 1
        for name, content in (("manifest.csv", _as_csv(lines)), ("manifest.json", _as_json(lines))):
            zipped.add(content, name)
            yield from ((chunk, 0) for chunk in zipped.all_files())
        yield from ((chunk, 0) for chunk in zipped.finalize())


def _with_file(zipped: ZipStream, asset: Asset, row: dict[str, object]) -> Iterator[bytes]:
    """Yield an asset's entry, and note on its line how it went."""
    try:
        original = _spooled(asset)
    except OriginalLost as lost:
        log.info("original_lost", asset_id=asset.pk, problem=str(lost))
        row["problem"] = str(lost)
        return
    name = f"files/{asset.created_at:%Y-%m}/{asset.pk}-{original.name}"
    row.update(file=name, sha256=original.sha256, bytes=original.size)
    zipped.add(original.chunks(), name)
    yield from zipped.all_files()


def _spooled(asset: Asset) -> Spooled:
    if not has_original(asset):
        raise OriginalLost(f"{settings.PRODUCT_NAME} tells no address of the file, or does not have it any more.")
    return original_spool(asset)


def _lines(file: IO[str]) -> Iterator[dict[str, object]]:
    file.seek(0)
    return (json.loads(line) for line in file)


def _as_csv(file: IO[str]) -> Iterator[bytes]:
    return _packed(csv_lines(COLUMNS, _lines(file)))


def _as_json(file: IO[str]) -> Iterator[bytes]:
    """Yield one JSON list, an asset a line."""

    def parts() -> Iterator[str]:
        yield "["
        for number, row in enumerate(_lines(file)):
            yield (",\n" if number else "\n") + json.dumps(row)
        yield "\n]\n"

    return _packed(parts())


def _packed(texts: Iterable[str]) -> Iterator[bytes]:
    """Join small texts to pieces of a good size."""
    held = bytearray()
    for text in texts:
        held += text.encode()
        if len(held) >= CHUNK:
            yield bytes(held)
            held.clear()
    yield bytes(held)
