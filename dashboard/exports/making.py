"""Making one file: piece by piece to a disk of this machine, then to the storage."""

import zoneinfo
from datetime import timedelta
from threading import get_ident
from typing import IO

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.files.temp import NamedTemporaryFile
from django.db import connection
from django.utils import timezone

from dashboard.exports.kinds import KINDS, Order, Product
from dashboard.exports.models import Export
from dashboard.exports.runs import (
    NO_LONGER_ALLOWED,
    RunLost,
    export_beat,
    export_fail,
    export_finish,
    export_take,
    folder_of,
)

BEAT_EVERY = timedelta(seconds=2)
# For the person who waits; what it was exactly stands in the log.
NOT_WRITTEN = "It could not be written where files are kept."
BROKEN = "Something broke on our side; it is in our log."
log = structlog.get_logger("dashboard.exports")


def export_make(pk: int) -> bool:
    """Make the file of a queued export; False where there was nothing to do for us."""
    export = export_take(pk)
    if export is None:
        return False
    try:
        with timezone.override(zoneinfo.ZoneInfo(export.zone)):
            _make(export)
    except RunLost:
        log.warning("export_lost", export_id=pk)
    except Exception as error:  # a process edge: one file must not hold up the others
        log.exception("export_failed", export_id=pk, attempt=export.attempts)
        export_fail(export, NOT_WRITTEN if isinstance(error, OSError) else BROKEN)
    return True


def _make(export: Export) -> None:
    kind = KINDS[export.kind]
    if not kind.is_for(export.asked_by, export.workspace):
        export_fail(export, NO_LONGER_ALLOWED, is_final=True)
        return
    product = kind.produce(Order(export.asked_by, export.workspace, export.parameters, export.upto))
    named = {"file_name": product.file_name, "content_type": product.content_type}
    export_beat(export, rows_total=product.rows_total, **named)
    with NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as draft:
        rows = _write(export, product, draft)
        _keep(export, draft, rows)


def _write(export: Export, product: Product, draft: IO[bytes]) -> int:
    """Write the pieces, saying every BEAT_EVERY how far that is; return how many rows they hold."""
    rows, said_at = 0, timezone.now()
    for piece in product.pieces:
        draft.write(piece.data)
        rows += piece.rows
        if abs(timezone.now() - said_at) >= BEAT_EVERY:
            export_beat(export, rows_done=rows)
            said_at = timezone.now()
    export_beat(export, rows_done=rows)
    return rows


class _HandedOver(File):  # type: ignore[type-arg]
    """A finished file that says every BEAT_EVERY, while a storage reads it, that its run lives; raises RunLost."""

    def __init__(self, export: Export, draft: IO[bytes]) -> None:
        super().__init__(draft)
        self._export, self._draft, self._said_at, self._thread = export, draft, timezone.now(), get_ident()

    def read(self, size: int = -1) -> bytes:
        if abs(timezone.now() - self._said_at) >= BEAT_EVERY:
            export_beat(self._export)
            self._said_at = timezone.now()
            # A bucket's client reads in threads of its own: nobody else closes their connections.
            if get_ident() != self._thread:
                connection.close()
        return self._draft.read(size)


def _keep(export: Export, draft: IO[bytes], rows: int) -> None:
    size = draft.tell()
    draft.seek(0)
    path = f"{folder_of(export)}/{export.run_token}"
    try:
        path = default_storage.save(path, _HandedOver(export, draft))
        export_finish(export, path=path, rows=rows, size=size)
    except RunLost:
        default_storage.delete(path)
        raise
