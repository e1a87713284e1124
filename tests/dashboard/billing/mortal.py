"""Processes of the dashboard that the system kills at moments that nobody chose, and that are started again."""

import multiprocessing
import os
import random
import signal
import socket
import threading
import time
import warnings
from collections.abc import Callable

import httpx
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connection
from django.urls import resolve

from dashboard.billing.access import stripe_client
from dashboard.billing.models import Feed, Sweep, WebhookEvent
from tests.dashboard.local_stripe import WIRE

# Most live for moments, some for a while: on a slow machine too one comes to the end of what it does.
SHORTEST, LONGEST = 0.05, 20.0


class Mortal:
    """Does one thing without end in a process of its own, which lives some random time: `tend` starts it again."""

    def __init__(self, act: Callable[[], object], rng: random.Random) -> None:
        self.deaths = 0
        self._act, self._rng = act, rng
        self._process: multiprocessing.process.BaseProcess | None = None

    def tend(self) -> None:
        """Start it where it does not live; whoever ended otherwise than by the kill has a fault."""
        if self._process and self._process.is_alive():
            return
        if self._process:
            assert self._process.exitcode == -signal.SIGKILL
            self.deaths += 1
        seconds = min(SHORTEST * self._rng.paretovariate(0.7), LONGEST)
        connection.close()
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            self._process = multiprocessing.get_context("fork").Process(target=self._live, args=(seconds,))
            self._process.start()

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._process.join()
            self._process = None

    def _live(self, seconds: float) -> None:
        death = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
        death.daemon = True
        death.start()
        self._act()


class Worker(Mortal):
    """What has leases: each new one finds those of the last at their end, as if the time had passed."""

    def tend(self) -> None:
        before = self.deaths
        super().tend()
        if self.deaths > before:
            leases_end()


class Web(Mortal):
    """A web server of the dashboard at an address that outlives it."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(self._serve, rng)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._http = httpx.Client(transport=WIRE, headers={"host": "testserver"}, timeout=30)
        self._app = WSGIHandler()

    def deliver(self, path: str, body: str, headers: dict[str, str]) -> httpx.Response:
        """Send until there is an answer, as whoever got none does."""
        while True:
            self.tend()
            try:
                return self._http.post(f"http://127.0.0.1:{self.port}{path}", content=body, headers=headers)
            except httpx.TransportError:
                time.sleep(0.01)

    def _serve(self) -> None:
        server = ThreadedWSGIServer(("127.0.0.1", self.port), WSGIRequestHandler)
        server.daemon_threads = True
        server.set_app(self._app)
        server.serve_forever()


def grown_up() -> None:
    """Import what is imported late, so that no process spends its short life on it."""
    resolve("/webhooks/stripe/")
    stripe_client().v1.events.list({"limit": 1})


def leases_end() -> None:
    """What time does: the turn of whoever was lost comes again."""
    WebhookEvent.objects.filter(state="unhandled").update(due_at="2026-01-01T00:00:00Z")
    Feed.objects.update(running_since=None, run_token=None)
    Sweep.objects.filter(finished_at=None).update(started_at=None)
