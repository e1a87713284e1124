"""Sealing every held token anew after a change of TOKEN_KEYS, while people and agents go on working.

The rows are the only record of progress: what begins with the sealing key's prefix is done. So a run that is killed
loses nothing and the next one goes on, and two at once halve the work.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from django.db.models.functions import Substr

from dashboard.agents.models import Claim, ClaimAttempt
from dashboard.audit.services import audit_record
from dashboard.lib.sealing import SealBroken, sealed_key_id, sealed_prefix, sealing_key_id
from dashboard.remote import token_reseal

Holder = TypeVar("Holder", Claim, ClaimAttempt)
BATCH = 200


@dataclass
class Rotation:
    """What a run did: `resealed` rows, rows that `moved` on under it, and the names of those that open with no key."""

    resealed: int = 0
    moved: int = 0
    broken: list[str] = field(default_factory=list)


def tokens_rotate() -> Rotation:
    """Seal every held token with the first key of TOKEN_KEYS; whatever does not open is named and left as it is."""
    key_id = sealing_key_id()
    result = Rotation()
    before = key_counts()
    while True:
        moved, result.broken = result.moved, []
        _rotate(Claim, key_id, result)
        _rotate(ClaimAttempt, key_id, result)
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
    """Return how many held tokens say that they are sealed with which key id."""
    counts: Counter[str] = Counter()
    for model in (Claim, ClaimAttempt):
        held = model.objects.exclude(token_sealed="").values_list("token_sealed", flat=True)
        counts.update(sealed_key_id(sealed) for sealed in held.iterator(chunk_size=BATCH))
    return dict(counts)


def _rotate(model: type[Holder], key_id: str, result: Rotation) -> None:
    for row in _rows_under_other_keys(model, key_id):
        try:
            resealed = token_reseal(row)
        except SealBroken:
            result.broken.append(_name(row))
            continue
        # The text that was opened is the condition: a re-link or a release meanwhile is never overwritten.
        taken = model.objects.filter(pk=row.pk, token_sealed=row.token_sealed).update(token_sealed=resealed)
        result.resealed += taken
        result.moved += not taken


def _rows_under_other_keys(model: type[Holder], key_id: str) -> Iterator[Holder]:
    """Yield them in batches by id; no transaction stays open and no lock outlives one row."""
    prefix, last = sealed_prefix(key_id), 0
    # Compared as a piece of text: SQLite's LIKE takes key ids that differ in case for the same.
    others = (
        model.objects.exclude(token_sealed="")
        .annotate(begins=Substr("token_sealed", 1, len(prefix)))
        .exclude(begins=prefix)
        .order_by("pk")
    )
    while batch := list(others.filter(pk__gt=last)[:BATCH]):
        yield from batch
        last = batch[-1].pk


def _name(row: Claim | ClaimAttempt) -> str:
    return f"claim {row.pk}" if isinstance(row, Claim) else f"claim attempt {row.key}"
