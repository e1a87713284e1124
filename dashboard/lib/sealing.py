"""Sealing small secrets at rest: AES-256-GCM with key ids and the row's identity as associated data.

A sealed text is `1.<key id>.<base64url of nonce and ciphertext>`. The identity binds it to its row: swapped
into another row it does not open. NIST SP 800-38D: a fresh random 96-bit nonce each time.

An identity begins with its kind (`kind` or `kind:row`), and each kind has its `SealedColumn` in `sealed_columns` of
the app that keeps it. Nothing of another kind can be sealed, so a change of keys finds every sealed text there is.
"""

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.apps import apps
from django.conf import settings
from django.db.models import Model, QuerySet

VERSION = "1"
NONCE_BYTES = 12


class SealBroken(Exception):
    """The sealed text does not open: an unknown key, another row's text, or altered bytes."""


class KindUnknown(Exception):
    """No app says where texts of this kind lie: a change of keys would not find them."""


@dataclass(frozen=True)
class SealedColumn:
    """Where the sealed texts of one kind lie: in a text field, or as `parts` of a JSON field.

    `model` is a model's label. A row tells its own identity as `seal_identity`; where rows have none, it is the kind.
    """

    kind: str
    model: str
    field: str
    parts: frozenset[str] = frozenset()

    @property
    def rows(self) -> QuerySet[Model]:
        model: type[Model] = apps.get_model(self.model)
        return model._default_manager.order_by("pk")  # noqa: SLF001 - Django's documented API

    def texts(self, value: Any) -> list[str]:  # noqa: ANN401 - what the field holds
        """Return the sealed texts in a field's value."""
        held = [value[part] for part in sorted(self.parts & value.keys())] if self.parts else [value]
        return [text for text in held if text]

    def resealed(self, row: Model) -> Any:  # noqa: ANN401 - what the field holds
        """Return the row's value with each text sealed by the key that seals now; raises SealBroken."""
        identity, value = getattr(row, "seal_identity", self.kind), getattr(row, self.field)
        if not self.parts:
            return reseal(value, identity=identity)
        return {**value, **{part: reseal(value[part], identity=identity) for part in self.parts & value.keys()}}


def sealed_columns() -> Iterator[SealedColumn]:
    """Yield every place of the database where sealed texts lie, app by app."""
    for app in apps.get_app_configs():
        yield from getattr(app, "sealed_columns", ())


@cache
def sealed_kinds() -> frozenset[str]:
    return frozenset(column.kind for column in sealed_columns())


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
    """Seal with the first key of settings.TOKEN_KEYS; raises KindUnknown."""
    kind = identity.partition(":")[0]
    if kind not in sealed_kinds():
        raise KindUnknown(f"{kind!r} has no SealedColumn in the sealed_columns of an app.")
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
        text = sealed.removeprefix(sealed_prefix(key_id))
        raw = base64.urlsafe_b64decode(text)
        # Base64 has several ways to write the same bytes; ours is one.
        if base64.urlsafe_b64encode(raw).decode() != text:
            raise SealBroken("not written as it was sealed")
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], identity.encode()).decode()
    except (InvalidTag, ValueError):
        raise SealBroken("does not open for this row") from None


def reseal(sealed: str, *, identity: str) -> str:
    """Return a sealed text sealed anew for the same row, with the key that seals now; raises SealBroken."""
    return seal(unseal(sealed, identity=identity), identity=identity)
