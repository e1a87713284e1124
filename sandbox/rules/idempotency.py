"""One key, one effect: the same terms replay, other terms conflict (contract 2.8, 4.8)."""

import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any


def terms_digest(secret: str, terms: Mapping[str, Any]) -> str:
    """A keyed digest in hex of everything asked for. Keyed, since a prompt must not be guessable from it."""
    canonical = json.dumps(terms, sort_keys=True, separators=(",", ":"), default=str)
    return hmac.new(secret.encode(), canonical.encode(), "sha256").hexdigest()


def fresh_key(operation: str) -> str:
    """A key that nobody used, for a suggested command."""
    return f"{operation}-{secrets.token_hex(8)}"
