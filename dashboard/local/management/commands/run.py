"""`manage.py run`: the whole system on one machine in one terminal; `make run` calls it after a look at the machine.

The databases are migrated before anything starts, and the demo is filled over HTTP once everything answers.
"""

import os
import subprocess
import sys
import urllib.request
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from dashboard.local.supervisor import Process, Supervisor
from dashboard.local.welcome import welcome_print

PYTHON = sys.executable


def stripe_wires() -> dict[str, str]:
    """The local Stripe takes our key, signs with our secret and tells our own endpoint; a real one is not played."""
    if not settings.STRIPE_API_BASE.startswith(settings.IMAGE_SKILL_API_BASE_URL):
        return {}
    return {
        "SANDBOX_STRIPE_STAND_IN_KEY": settings.STRIPE_API_KEY,
        "SANDBOX_STRIPE_WEBHOOK_SECRET": settings.STRIPE_WEBHOOK_SECRETS[0],
        "SANDBOX_STRIPE_WEBHOOK_URLS": f"http://127.0.0.1:{settings.PORT}/webhooks/stripe/",
    }


SANDBOX = {
    "DJANGO_SETTINGS_MODULE": "sandbox.settings",
    "SANDBOX_PORT": str(settings.SANDBOX_PORT),
    "SANDBOX_DATA_DIR": os.environ.get("SANDBOX_DATA_DIR", str(settings.DATA_DIR / "sandbox")),
    "SANDBOX_OPERATOR_KEY": settings.IMAGE_SKILL_OPERATOR_KEY,
    **stripe_wires(),
}


class Command(BaseCommand):
    help = "Start and supervise the sandbox, the dashboard, the worker and the scheduler until Ctrl-C."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:  # noqa: ANN401
        call_command("migrate", verbosity=0)
        processes = [web(), worker()]
        if settings.HAS_SANDBOX:
            sandbox_migrate()
            processes.insert(0, sandbox())
        sys.exit(Supervisor(processes, on_ready=lambda: welcome_print(has_demo=settings.HAS_DEMO)).run())


def sandbox_migrate() -> None:
    migrate = [PYTHON, "manage.py", "migrate", "--verbosity", "0"]
    if subprocess.run(migrate, env=os.environ | SANDBOX, check=False).returncode:  # noqa: S603 - our own command
        raise CommandError("The sandbox's database could not be prepared; see above.")


def web() -> Process:
    address = f"http://127.0.0.1:{settings.PORT}/readyz"
    argv = gunicorn("dashboard.wsgi", settings.PORT)
    return Process(name="web", argv=argv, is_ready=lambda: answers(address))


def sandbox() -> Process:
    address = f"http://127.0.0.1:{settings.SANDBOX_PORT}/healthz"
    argv = gunicorn("sandbox.wsgi", settings.SANDBOX_PORT)
    return Process(name="sandbox", argv=argv, env=SANDBOX, is_ready=lambda: answers(address))


def worker() -> Process:
    """Worker and scheduler in one process: on one machine a second one would only cost its memory."""
    celery = [PYTHON, "-m", "celery", "-A", "dashboard", "worker", "--beat", "--pool", "threads", "--concurrency", "4"]
    # Nobody else is there to gossip with, and without it the stop is a second quicker.
    alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return Process(name="worker", argv=[*celery, *alone, "--loglevel", settings.LOG_LEVEL])


def gunicorn(application: str, port: int) -> list[str]:
    # Loopback only: sign-in links and demo people are for whoever sits at this machine.
    server = [PYTHON, "-m", "gunicorn", application, "--no-control-socket"]
    return [*server, "--bind", f"127.0.0.1:{port}", "--threads", "8"]


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - loopback
            return bool(response.status == 200)
    except OSError:
        return False
