"""Doors that open with a key of the settings instead of an agent's token: the operator's and the fault control's."""

import hmac
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Protocol

from django.conf import settings
from django.http import HttpRequest

from sandbox.errors import ApiError

_MINUTE = 60.0


class Gate(Protocol):
    """Lets a request pass or raises; its name says who came through."""

    __name__: str

    def __call__(self, request: HttpRequest, /) -> None: ...


class Allowance:
    """How often one key may call: a bucket of a minute's requests that refills evenly. One for each server process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._left: dict[bytes, tuple[float, float]] = {}

    def take(self, key: bytes, per_minute: int) -> float:
        """Takes one request; answers the seconds to wait where none is left, else 0."""
        with self._lock:
            now = self._clock()
            left, seen = self._left.get(key, (float(per_minute), now))
            left = min(left + (now - seen) * per_minute / _MINUTE, per_minute)
            is_allowed = left >= 1
            self._left[key] = (left - is_allowed, now)
            return 0.0 if is_allowed else (1 - left) * _MINUTE / per_minute


_operators = Allowance()


def operator(request: HttpRequest) -> None:
    """Raises NOT_FOUND where no key is set, AUTH_REQUIRED for a wrong one, RATE_LIMITED above the key's allowance."""
    digest = _admit(request, settings.SANDBOX_OPERATOR_KEY)
    wait = _operators.take(digest, settings.SANDBOX_OPERATOR_REQUESTS_PER_MINUTE)
    if wait:
        seconds = int(wait) + 1
        recovery = {"retry_after_seconds": seconds}
        raise ApiError("RATE_LIMITED", "This key has used its requests of the minute.", recovery=recovery)


def control(request: HttpRequest) -> None:
    """Raises NOT_FOUND where no key is set, AUTH_REQUIRED for a wrong one."""
    _admit(request, settings.SANDBOX_CONTROL_KEY)


def _admit(request: HttpRequest, key: str) -> bytes:
    if not key:
        raise ApiError("NOT_FOUND", "There is no such endpoint.")
    scheme, _, given = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    # Digests are of one length, so that the time of the comparison does not even tell the key's.
    known, shown = (sha256(text.encode("utf-8", "surrogatepass")).digest() for text in (key, given.strip()))
    if scheme.lower() != "bearer" or not hmac.compare_digest(known, shown):
        raise ApiError("AUTH_REQUIRED", "This key is missing or wrong.")
    return known
