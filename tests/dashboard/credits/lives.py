"""Plays lives of agents at a real sandbox whose clock the caller moves: `python -m tests.dashboard.credits.lives`.

A process of its own, since the sandbox has settings of its own. It reads one life a line (JSON: a list of steps) and
answers with one line: what the hosted API said at each reading, and the book's entries that the ledger never tells.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import django
import httpx
import time_machine

BEGIN = datetime(2026, 3, 2, 18, tzinfo=UTC)
# Settings are read when Django starts, and some of the imports below start it.
if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "sandbox.settings"
    os.environ["SANDBOX_DATA_DIR"] = tempfile.mkdtemp()
    os.environ["SANDBOX_DAILY_JOBS"] = "1000"
    django.setup()

    from django.conf import settings
    from django.core.management import call_command

    from sandbox.models import Agent, BookEntry
    from sandbox.models.money import EntryKind
    from sandbox.wsgi import application
    from tests.sandbox.fixtures import Caller
    from tests.sandbox.paying import Purchase, deliver, purchase

    UNPUBLISHED = (EntryKind.FREE_GRANT, EntryKind.RESET, EntryKind.RESERVATION, EntryKind.RELEASE)


class Life:
    """One agent, from its sign-up on."""

    def __init__(self, http: httpx.Client) -> None:
        body = {"agent_name": "lives", "runtime": "pytest", "return_token": True}
        answer = Caller(http).post("/v1/agent-signups", body)
        self.agent = Caller(http, answer.data["token"])
        self.numbers = count(1)
        self.bought: list[Purchase] = []
        self.readings: list[dict[str, Any]] = []
        self.whoami = self.agent.get("/v1/whoami").envelope

    def work(self, mark: str = "") -> None:
        """Refusals are part of life: too few credits for the picture, a provider that fails."""
        self.agent.create(prompt=f"a boat {mark}", idempotency_key=f"k{next(self.numbers)}")

    def buy(self, credits_: int) -> None:
        self.bought.append(purchase(self.agent, credits_, key=str(next(self.numbers))).pay())

    def refund(self, share: int) -> None:
        for one in self.bought[:1]:
            # Of one cent there is no smaller share.
            one.refund(amount=max(1, one.row.quote.amount_cents // share))
            deliver()
        self.bought = self.bought[1:]

    def dispute(self) -> None:
        for one in self.bought[:1]:
            one.dispute()
            deliver()
        self.bought = self.bought[1:]

    def read(self, is_ledger_late: bool) -> None:
        at = datetime.now(UTC)
        ledger = self.agent.get("/v1/activity", limit=200).envelope
        if is_ledger_late and self.readings:
            ledger = self.readings[-1]["activity"]
        quota = self.agent.get("/v1/quota").envelope
        self.readings.append({"at": at.isoformat(), "quota": quota, "activity": ledger})

    def told(self) -> dict[str, Any]:
        row = Agent.objects.get(pk=self.whoami["actor"]["actor_id"])
        entries = BookEntry.objects.filter(agent=row, kind__in=UNPUBLISHED).order_by("pk")
        unpublished = [[entry.created_at.isoformat(), entry.credits] for entry in entries]
        return {"whoami": self.whoami, "readings": self.readings, "unpublished": unpublished}


def play(http: httpx.Client, steps: list[list[Any]]) -> dict[str, Any]:
    with time_machine.travel(BEGIN, tick=False) as clock:
        life = Life(http)
        acts: dict[str, Callable[..., None]] = {
            "wait": lambda seconds: clock.shift(timedelta(seconds=seconds)),
            "work": life.work,
            "buy": life.buy,
            "refund": life.refund,
            "dispute": life.dispute,
            "read": life.read,
        }
        for name, *arguments in steps:
            # Nothing happens at the same instant as something else.
            clock.shift(timedelta(milliseconds=2))
            acts[name](*arguments)
        return life.told()


def main() -> None:
    call_command("migrate", verbosity=0)
    settings.SANDBOX_COURIER = False
    settings.SANDBOX_DATA_DIR = Path(os.environ["SANDBOX_DATA_DIR"])
    with httpx.Client(transport=httpx.WSGITransport(app=application), base_url="http://127.0.0.1:8001") as http:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(play(http, json.loads(line))) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
