"""The signature of a webhook's body, in the form that receivers know from Stripe (docs/webhooks.md)."""

import hashlib
import hmac
import secrets

HEADER = "Dashboard-Signature"
PREFIX = "whsec_"


def secret_new() -> str:
    """Return a fresh secret: 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def signature_header(secret: str, body: bytes, *, at: int) -> str:
    """Return the header's value: `t=` seconds since 1970 (UTC), `v1=` HMAC-SHA256 over "<t>.<raw body>" in hex."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"
