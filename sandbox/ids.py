"""Public ids and tokens (contract 3.2): a prefix, then random characters that say nothing."""

import hashlib
import secrets
from datetime import UTC, datetime


def new_id(prefix: str) -> str:
    """`job_` and 24 hex characters, for example."""
    return f"{prefix}_{secrets.token_hex(12)}"


def new_token() -> str:
    """A restricted agent token; shown once, kept only as `token_digest`."""
    return f"isk_r_{secrets.token_urlsafe(32)}"


def token_digest(token: str) -> str:
    """SHA-256 in hex. The token has 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with milliseconds and `Z`, or None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
