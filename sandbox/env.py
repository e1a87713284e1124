"""Readers of environment variables that refuse nonsense with one clear sentence."""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def whole(name: str, default: int, *, low: int, high: int) -> int:
    """A whole number within bounds, both included."""
    text = os.environ.get(name, "").strip() or str(default)
    if not text.isascii() or not text.isdigit() or not low <= int(text[:9]) <= high or len(text) > 9:
        raise ImproperlyConfigured(f"{name} must be a whole number from {low} to {high}")
    return int(text)


def flag(name: str) -> bool:
    """A switch, off by default."""
    text = os.environ.get(name, "").strip().lower()
    if text in {"", "0", "false", "no", "off"}:
        return False
    if text in {"1", "true", "yes", "on"}:
        return True
    raise ImproperlyConfigured(f"{name} must be 1 or 0")


def access_key(name: str) -> str:
    """A key that callers send, of visible ASCII without spaces; "" when unset, which closes its door."""
    text = os.environ.get(name, "").strip()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ImproperlyConfigured(f"{name} must be visible ASCII without spaces")
    return text


def base_url(name: str, default: str) -> str:
    """An http(s) origin without path, query, user or trailing slash."""
    text = os.environ.get(name, "").strip() or default
    parts = urlsplit(text)
    is_origin = parts.path in {"", "/"} and not parts.query and not parts.fragment and "@" not in parts.netloc
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_origin:
        raise ImproperlyConfigured(f"{name} must be an origin such as http://127.0.0.1:8001")
    return f"{parts.scheme}://{parts.netloc}"


def words(name: str, default: list[str]) -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()] or default


def addresses(name: str) -> list[str]:
    """A comma-separated list of http(s) addresses."""
    found = words(name, [])
    for address in found:
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ImproperlyConfigured(f"{name} must be addresses such as http://127.0.0.1:8000/webhooks/stripe")
    return found


def stripe_test_key(name: str) -> str:
    """A secret key of Stripe's test mode, or ""; a live one is refused, since a sandbox must not move money."""
    text = os.environ.get(name, "").strip()
    if text and not text.startswith(("sk_test_", "rk_test_")):
        raise ImproperlyConfigured(f"{name} must be a test mode key (sk_test_...)")
    return text


def writable_folder(name: str, default: Path) -> Path:
    """A folder that exists after this call."""
    folder = Path(os.environ.get(name, "").strip() or default).expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: {folder} cannot be created ({error.strerror})") from error
    if not os.access(folder, os.W_OK):
        raise ImproperlyConfigured(f"{name}: {folder} is not writable")
    return folder


def secret(name: str, keep_in: Path) -> str:
    """The variable, or else a random key kept in a file that only its owner may read."""
    given = os.environ.get(name, "").strip()
    if given:
        if len(given) < 32:
            raise ImproperlyConfigured(f"{name} must have at least 32 characters")
        return given
    return _kept_secret(keep_in)


def _kept_secret(path: Path) -> str:
    """Written beside and linked into place, so that two starting processes agree on one whole key."""
    if not path.exists():
        beside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        beside.touch(mode=0o600)
        beside.write_text(secrets.token_urlsafe(48))
        try:
            os.link(beside, path)
        except FileExistsError:
            pass
        finally:
            beside.unlink()
    return path.read_text().strip()
