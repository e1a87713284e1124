"""Wakes the courier. A module of its own, so that whoever makes work need not know who does it."""

import threading

_bell = threading.Event()


def ring() -> None:
    """Something may be due."""
    _bell.set()


def wait(seconds: float) -> None:
    """Until the bell rings or the time is over."""
    _bell.wait(seconds)
    _bell.clear()
