"""The real server over one database: gunicorn as docs/operations.md starts it, production's settings, no certificate.

It is asked as the proxy would ask it, which says that the visitor came over https.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tools.bench import proc
from tools.bench.client import Visitor
from tools.check import PRODUCTION
from tools.running import ROOT, free_port
from tools.system import Trouble, clean_environment

DJANGO = "import django; django.setup(); from tools.bench.{} import main; main()"
SERVER = ("gunicorn", "--workers", "2", "--threads", "8", "--no-control-socket")
START_SECONDS = 30


@dataclass(frozen=True)
class Ledger:
    """A database of `rows` events, of a `kind`: how to reach it, and the folder of what is kept beside it."""

    kind: str
    rows: int
    folder: Path
    where: Mapping[str, str]

    @property
    def env(self) -> dict[str, str]:
        made_up = {
            name: value for name, value in PRODUCTION.items() if name != "DATABASE_URL" or name not in self.where
        }
        return {
            **clean_environment(str(self.folder)),
            **made_up,
            "TRUSTED_PROXIES": "1",
            "DJANGO_SETTINGS_MODULE": "tools.bench.settings",
            **self.where,
            "BENCH_PLAN": str(self.folder / f"plan-{self.kind}-{self.rows}.json"),
        }

    @property
    def plain(self) -> "Ledger":
        """The same, served without the baselines' admin."""
        return replace(self, where={**self.where, "BENCH_PLAIN": "1"})

    @property
    def anew(self) -> "Ledger":
        """The same, served by a server that gives no page again."""
        return replace(self, where={**self.where, "BENCH_ANEW": "1"})

    @property
    def plan(self) -> dict[str, Any]:
        plan: dict[str, Any] = json.loads(Path(self.env["BENCH_PLAN"]).read_text())
        return plan

    def run(self, module: str, *words: str) -> str:
        """Run the `main` of a module of the bench on this database and return what it prints. Raises Trouble."""
        command = [sys.executable, "-c", DJANGO.format(module), *words]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Trouble(f"{module} failed:\n{done.stderr.strip()[-3000:]}")
        return done.stdout

    def prepare(self) -> None:
        """Fill it where it is empty, sign people in, collect what is served as files. Raises Trouble."""
        self.run("prepare", self.env["BENCH_PLAN"], str(self.rows))


@dataclass(frozen=True)
class Server:
    """A running server, by its port and the process of its master."""

    port: int
    pid: int
    plan: dict[str, Any]

    @property
    def workers(self) -> list[int]:
        return proc.family(self.pid)[1:]

    def visitor(self, page: str, *, encoding: str = "") -> tuple[Visitor, str]:
        """Who opens a page of the plan, and its path."""
        cookies, path = self.plan["pages"][page]
        return Visitor(self.port, cookies, encoding=encoding), path


@contextmanager
def running(ledger: Ledger, application: str = "tools.bench.wsgi") -> Iterator[Server]:
    """The server for as long as the block runs. Raises Trouble when it does not start."""
    port = free_port()
    log = ledger.folder / f"server-{ledger.kind}-{ledger.rows}.log"
    with log.open("w") as output:
        command = [sys.executable, "-m", *SERVER, application, "--bind", f"127.0.0.1:{port}"]
        process = subprocess.Popen(command, cwd=ROOT, env=ledger.env, stdout=output, stderr=output)
        try:
            _wait(port, process, log)
            yield Server(port, process.pid, ledger.plan)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(START_SECONDS * 20):
        try:
            with Visitor(port) as visitor:
                visitor.get("/healthz")
        except OSError:
            time.sleep(0.05)
        else:
            return
        if process.poll() is not None:
            break
    raise Trouble(f"the server did not start:\n{log.read_text()[-3000:]}")
