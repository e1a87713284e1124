"""What the audit looks at: the demo, played by `make run`, then served as in production."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.bench.server import Ledger, Server, running
from tools.running import ROOT, System, running_system
from tools.system import Trouble

PICTURES_SECONDS = 120
PLAN = "import django; django.setup(); from tools.audit.plan import main; main()"
# Nothing is there at first: then jobs are read, their assets, and of these small pictures are made.
WAITING = """
from dashboard.assets.models import Asset, Job
unread = sum(model.objects.filter(reading="wanted").count() for model in (Job, Asset))
drawn = Asset.objects.filter(preview="ready").exists()
print(unread + Asset.objects.filter(preview="pending").count() + (not drawn))
"""
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "tools.audit.settings",
    "TRUSTED_PROXIES": "0",
    # The second is what the bench's own visitors ask for.
    "ALLOWED_HOSTS": "localhost,dashboard.example.com",
    "STORAGE_BUCKET": "",
    "BENCH_PLAIN": "1",
}


@contextmanager
def stage(folder: Path) -> Iterator[Server]:
    """The demo with all its pictures, served by gunicorn with production's settings from `folder`. Raises Trouble."""
    var = folder / "var"
    with running_system(var) as system:
        _wait_for_pictures(system)
    ledger = Ledger("sqlite", 0, var, {**SETTINGS, "BENCH_SQLITE": str(var / "dashboard.sqlite3")})
    command = [sys.executable, "-c", PLAN, ledger.env["BENCH_PLAN"]]
    done = subprocess.run(command, cwd=ROOT, env=ledger.env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Trouble(f"the audit's data could not be prepared:\n{done.stderr.strip()[-3000:]}")
    with running(ledger, application="dashboard.wsgi") as server:
        yield server


def _wait_for_pictures(system: System) -> None:
    begun = time.monotonic()
    while int(system.python(WAITING)):
        if time.monotonic() - begun > PICTURES_SECONDS:
            raise Trouble("the demo's small pictures were not made in time")
        time.sleep(1)
