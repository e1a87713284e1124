"""Making one file: piece by piece to a disk of this machine, then to the storage."""

import zoneinfo
from datetime import timedelta
from typing import IO

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.files.temp import NamedTemporaryFile
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
        export_fail(export, type(error).__name__)
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


def _keep(export: Export, draft: IO[bytes], rows: int) -> None:
    size = draft.tell()
    draft.seek(0)
    path = default_storage.save(f"{folder_of(export)}/{export.run_token}", File(draft))
    try:
        export_finish(export, path=path, rows=rows, size=size)
    except RunLost:
        default_storage.delete(path)
        raise
