"""Sealing small secrets at rest: AES-256-GCM with key ids and the row's identity as associated data.

A sealed text is `1.<key id>.<base64url of nonce and ciphertext>`. The identity binds it to its row: swapped
into another row it does not open. NIST SP 800-38D: a fresh random 96-bit nonce each time.
"""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

VERSION = "1"
NONCE_BYTES = 12


class SealBroken(Exception):
    """The sealed text does not open: an unknown key, another row's text, or altered bytes."""


def sealing_key_id() -> str:
    """Return the id of the key that seals: the first of settings.TOKEN_KEYS."""
    return next(iter(settings.TOKEN_KEYS))


def sealed_prefix(key_id: str) -> str:
    """Return how every text sealed with this key begins."""
    return f"{VERSION}.{key_id}."


def sealed_key_id(sealed: str) -> str:
    """Return the id of the key that a text says it is sealed with; empty for what is no sealed text."""
    version, _, rest = sealed.partition(".")
    return rest.partition(".")[0] if version == VERSION else ""


def seal(plaintext: str, *, identity: str) -> str:
    """Seal with the first key of settings.TOKEN_KEYS."""
    key_id = sealing_key_id()
    key = settings.TOKEN_KEYS[key_id]
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, plaintext.encode(), identity.encode())
    return sealed_prefix(key_id) + base64.urlsafe_b64encode(nonce + sealed).decode()


def unseal(sealed: str, *, identity: str) -> str:
    """Open a sealed text; raises SealBroken."""
    key_id = sealed_key_id(sealed)
    key = settings.TOKEN_KEYS.get(key_id)
    if key is None:
        raise SealBroken("sealed with an unknown key")
    try:
        raw = base64.urlsafe_b64decode(sealed.removeprefix(sealed_prefix(key_id)))
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], identity.encode()).decode()
    except (InvalidTag, ValueError):
        raise SealBroken("does not open for this row") from None
