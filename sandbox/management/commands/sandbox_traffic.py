"""`manage.py sandbox_traffic --settings sandbox.settings`: see docs/hosted-api.md, "Traffic"."""

import os
import time
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sandbox.traffic import history, lives


class Command(BaseCommand):
    help = "Play agent lives over HTTP at a rate, or with --bulk write a history straight into the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bulk", type=_count, metavar="EVENTS", help="write this many ledger lines, no HTTP")
        parser.add_argument("--agents", type=_count, help="how many agents (bulk: one for every 700 lines; HTTP: 3)")
        parser.add_argument("--days", type=_count, default=history.DAYS, help="bulk: how far the past reaches back")
        parser.add_argument("--rate", type=float, default=1.0, help="HTTP: acts a second over all agents")
        parser.add_argument("--seconds", type=float, default=60.0, help="HTTP: how long")
        parser.add_argument("--url", default=settings.SANDBOX_PUBLIC_URL, help="HTTP: where the sandbox is")
        parser.add_argument("--seed", type=int, default=1, help="the same seed plays the same acts")
        parser.add_argument("--tokens", type=Path, help="write the agents' tokens to this new file (0600)")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        started = time.monotonic()
        if options["bulk"]:
            agents = options["agents"] or max(1, options["bulk"] // history.EVENTS_PER_AGENT)
            lived = history.write(options["bulk"], agents=agents, days=options["days"], seed=options["seed"])
            tokens = [(life.agent.id, life.token) for life in lived]
            done = f"{options['bulk']} events of {agents} agents"
        else:
            if options["rate"] <= 0:
                raise CommandError("--rate must be above 0.")
            with httpx.Client(base_url=options["url"], timeout=lives.TIMEOUT_SECONDS) as http:
                played = _played(http, options)
            tokens = played.tokens
            done = f"{played.acts} acts of {len(tokens)} agents, {played.refused} refused, {played.failed} failed"
        if options["tokens"]:
            _keep(options["tokens"], tokens)
        self.stdout.write(f"{done} in {time.monotonic() - started:.1f} s")


def _played(http: httpx.Client, options: dict[str, Any]) -> lives.Played:
    try:
        return lives.play(
            http,
            agents=options["agents"] or 3,
            acts=max(1, round(options["rate"] * options["seconds"])),
            rate=options["rate"],
            seed=options["seed"],
        )
    except httpx.HTTPError as error:
        raise CommandError(f"{http.base_url} took no sign-up: {error}. Is `make sandbox` on?") from None


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("a whole number, 1 or more")
    return int(text)


def _keep(path: Path, tokens: list[tuple[str, str]]) -> None:
    """One agent a line; the file is new and its owner's alone, since each token can spend credits."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CommandError(f"{path} cannot be made ({error.strerror}).") from None
    with os.fdopen(handle, "w") as file:
        file.writelines(f"{agent_id} {token}\n" for agent_id, token in tokens)
