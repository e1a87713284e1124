"""What an agent may do. Only `asset.upload` is published (contract 3.3); the other names are ours (INF)."""

from collections.abc import Iterable

UPLOAD, PREVIEW, EDIT = "asset.upload", "image.create.preview", "image.edit.preview"
_EVERYONE = (UPLOAD, "feedback.write", PREVIEW, EDIT, "credits.quote")
# Lifts the daily cap to that of claimed agents (contract 11).
MORE_JOBS = "jobs.more"
KNOWN = (*_EVERYONE, MORE_JOBS)
_BY_CLAIM_STATE = {
    "unclaimed": _EVERYONE,
    "payment_backed_unclaimed": _EVERYONE,
    "claimed": KNOWN,
    "revoked": (),
}


def grants_of(claim_state: str, granted: Iterable[str] | None = None) -> tuple[str, ...]:
    """Grants in the order they are shown; `granted` is what a claim was confirmed with."""
    held = _BY_CLAIM_STATE[claim_state]
    return held if claim_state != "claimed" or granted is None else tuple(granted)


def missing(held: Iterable[str], needed: Iterable[str]) -> list[str]:
    """What is needed and not held."""
    return sorted(set(needed) - set(held))
