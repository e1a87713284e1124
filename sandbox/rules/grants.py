"""What an agent may do. Only `asset.upload` is published (contract 3.3); the other names are ours (INF)."""

from collections.abc import Iterable

PREVIEW = "image.create.preview"
_EVERYONE = ("asset.upload", "feedback.write", PREVIEW, "image.edit.preview", "credits.quote")
_BY_CLAIM_STATE = {
    "unclaimed": _EVERYONE,
    "payment_backed_unclaimed": _EVERYONE,
    "claimed": _EVERYONE,
    "revoked": (),
}


def grants_of(claim_state: str) -> tuple[str, ...]:
    """Grants in the order they are shown."""
    return _BY_CLAIM_STATE[claim_state]


def missing(held: Iterable[str], needed: Iterable[str]) -> list[str]:
    """What is needed and not held."""
    return sorted(set(needed) - set(held))
