"""What the audit looks at: the demo, played by `make run`, then served as in production."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.bench.server import Ledger, Server, running
from tools.running import ROOT, running_system
from tools.system import Trouble

PLAN = "import django; django.setup(); from tools.audit.plan import main; main()"
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
        system.await_pictures()
    ledger = Ledger("sqlite", 0, var, {**SETTINGS, "BENCH_SQLITE": str(var / "dashboard.sqlite3")})
    command = [sys.executable, "-c", PLAN, ledger.env["BENCH_PLAN"]]
    done = subprocess.run(command, cwd=ROOT, env=ledger.env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Trouble(f"the audit's data could not be prepared:\n{done.stderr.strip()[-3000:]}")
    with running(ledger, application="dashboard.wsgi") as server:
        yield server
