"""Sealing everything anew that TOKEN_KEYS seals after a change of them, while people and agents go on working.

The rows are the only record of progress: what begins with the sealing key's prefix is done. So a run that is killed
loses nothing and the next one goes on, and two at once halve the work.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from django.db import transaction
from django.db.models import Model

from dashboard.audit.services import audit_record
from dashboard.lib.sealing import SealBroken, SealedColumn, sealed_columns, sealed_key_id, sealing_key_id

BATCH = 200


@dataclass
class Rotation:
    """What a run did: `resealed` rows, rows that `moved` on under it, and the names of those that open with no key."""

    resealed: int = 0
    moved: int = 0
    broken: list[str] = field(default_factory=list)


def tokens_rotate() -> Rotation:
    """Seal every sealed text with the first key of TOKEN_KEYS; whatever does not open is named and left as it is."""
    key_id = sealing_key_id()
    result = Rotation()
    before = key_counts()
    while True:
        moved, result.broken = result.moved, []
        for column in sealed_columns():
            _rotate(column, key_id, result)
        # A re-link by a process that has not restarted yet seals with the old key: such rows are looked at again.
        if result.moved == moved:
            break
    if result.resealed:
        audit_record(
            action="token_keys.rotated",
            actor=None,
            subject=("token_key", key_id, key_id),
            before={"tokens_by_key": before},
            after={"tokens_by_key": key_counts(), "resealed": result.resealed, "left": len(result.broken)},
        )
    return result


def key_counts() -> dict[str, int]:
    """Return how many texts say that they are sealed with which key id."""
    counts: Counter[str] = Counter()
    for column in sealed_columns():
        for row in chain.from_iterable(_batches(column)):
            counts.update(map(sealed_key_id, column.texts(getattr(row, column.field))))
    return dict(counts)


def _rotate(column: SealedColumn, key_id: str, result: Rotation) -> None:
    for batch in _batches(column):
        resealed = list(_resealed(column, batch, key_id, result))
        # One commit a batch: each waits for the disk. The updates alone are inside, in the order of ids everywhere.
        with transaction.atomic():
            taken = sum(_update(column, row, value) for row, value in resealed)
        result.resealed += taken
        result.moved += len(resealed) - taken


def _resealed(column: SealedColumn, rows: list[Model], key_id: str, result: Rotation) -> Iterator[tuple[Model, object]]:
    """Yield the rows that another key seals, with what their field should hold."""
    for row in rows:
        if {sealed_key_id(text) for text in column.texts(getattr(row, column.field))} <= {key_id}:
            continue
        try:
            yield row, column.resealed(row)
        except SealBroken:
            result.broken.append(f"{column.kind} {row.pk}")


def _update(column: SealedColumn, row: Model, value: object) -> int:
    # What was opened is the condition: a re-link, a release or a used code meanwhile is never overwritten.
    same = column.rows.filter(pk=row.pk, **{column.field: getattr(row, column.field)})
    return same.update(**{column.field: value})


def _batches(column: SealedColumn) -> Iterator[list[Model]]:
    """Yield all rows by id, so many at a time; no transaction stays open."""
    last = 0
    while batch := list(column.rows.filter(pk__gt=last)[:BATCH]):
        yield batch
        last = batch[-1].pk
