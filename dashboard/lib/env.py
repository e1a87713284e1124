"""Readers for the environment that refuse nonsense with one clear sentence."""

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def origin(name: str, value: str, *, https_only: bool = False) -> str:
    """Return `value` as scheme://host[:port] without a trailing slash; a path, query or user info is refused."""
    parts = urlsplit(value)
    schemes = {"https"} if https_only else {"http", "https"}
    if parts.scheme not in schemes or not parts.hostname:
        raise ImproperlyConfigured(f"{name} must be an {' or '.join(sorted(schemes))} address, got {value!r}.")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ImproperlyConfigured(f"{name} must be scheme, host and port alone, got {value!r}.")
    return f"{parts.scheme}://{parts.netloc}"


def address(name: str, value: str, *, https_only: bool = False) -> str:
    """Return `value` as an address without a trailing slash; unlike an origin it may have a path."""
    parts = urlsplit(value)
    base = origin(name, f"{parts.scheme}://{parts.netloc}", https_only=https_only)
    if parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name} must have neither query nor fragment, got {value!r}.")
    return base + parts.path.rstrip("/")


def secret_file(path: Path, *, size: int = 48) -> str:
    """Return the secret kept in `path`, made on first use with mode 0600 (embedded mode only).

    Two processes may start at once: the file is linked into place whole, and whoever comes second reads
    the first one's secret.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(base64.b64encode(secrets.token_bytes(size)).decode())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def sealing_keys(name: str, value: str) -> dict[str, bytes]:
    """Parse `id:base64,id:base64` into ordered 32-byte keys; the first seals, all of them open."""
    keys: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in value.split(","))):
        key_id, _, encoded = entry.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if not key_id.isalnum() or len(key) != 32 or key_id in keys:
            raise ImproperlyConfigured(f"{name} must be a list of id:base64 of 32 bytes, with different ids.")
        keys[key_id] = key
    if not keys:
        raise ImproperlyConfigured(f"{name} must hold at least one key.")
    return keys


def refuse(problems: Mapping[str, bool]) -> None:
    """Stop the start with every sentence whose condition holds."""
    found = [sentence for sentence, is_wrong in problems.items() if is_wrong]
    if found:
        raise ImproperlyConfigured("Settings refused:\n  - " + "\n  - ".join(found))
