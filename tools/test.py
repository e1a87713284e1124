"""``make test``: every test, in the parts that need different settings; says what it skipped and why.

Each part is one pytest process whose own closing lines are shown. The parts on SQLite know nothing of the caller's
environment; the part on servers uses those that it names, or brings its own (`tools.services`).
"""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.browser import chromium
from tools.services import services
from tools.system import Trouble, clean_environment

SANDBOX = "sandbox.settings"
DASHBOARD = "dashboard.settings"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One pytest process."""

    name: str
    paths: Sequence[str]
    settings: str = DASHBOARD
    options: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    def existing_paths(self) -> list[str]:
        """Those of its paths in which there is a test."""
        return [path for path in self.paths if any(Path(path).rglob("test_*.py"))]


@dataclass(frozen=True)
class Result:
    """How a part went: passed, FAILED or skipped, and in how many seconds, or why."""

    name: str
    outcome: str
    note: str


ELSEWHERE = ("-m", "not browser")
PARALLEL = (*ELSEWHERE, "-n", "2")
EMBEDDED = (
    Part(name="sandbox and contract", paths=["tests/sandbox", "tests/contract"], settings=SANDBOX, options=PARALLEL),
    Part(
        name="client, dashboard, machinery, docs",
        paths=["tests/api_client", "tests/dashboard", "tests/machinery", "tests/docs"],
        options=PARALLEL,
    ),
)
# One process each: they share a cache, which a test may empty.
ON_SERVERS = (
    Part(name="dashboard on PostgreSQL and Redis", paths=["tests/dashboard"], options=ELSEWHERE),
    Part(name="sandbox on PostgreSQL", paths=["tests/sandbox"], settings=SANDBOX, options=ELSEWHERE),
)
IN_A_BROWSER = Part(
    name="browser",
    paths=["tests/dashboard", "tests/e2e"],
    options=("-m", "browser"),
    # Playwright's loop runs in the test's thread, where Django would refuse the database.
    env={"DJANGO_ALLOW_ASYNC_UNSAFE": "1"},
)


def run(part: Part, extra: Mapping[str, str] | None = None) -> Result:
    """Run one part, with its output on ours and `extra` in its environment."""
    paths = part.existing_paths()
    if not paths:
        return Result(part.name, "skipped", f"no tests in {', '.join(part.paths)}")
    print(f"\n=== {part.name}", flush=True)
    started_at = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", f"--ds={part.settings}", *part.options, *paths]
    with tempfile.TemporaryDirectory(prefix="dashboard-") as data:
        env = {**clean_environment(data), **part.env, **(extra or {})}
        code = subprocess.run(command, env=env, check=False).returncode
    seconds = f"{time.monotonic() - started_at:.0f} s"
    if code <= 1:
        return Result(part.name, "FAILED" if code else "passed", seconds)
    return Result(part.name, "FAILED", f"{seconds}, pytest ended with exit code {code}")


def run_on_servers() -> list[Result]:
    """The parts on real servers; skipped with the reason where there are none."""
    try:
        with services() as servers:
            print(f"\nOn {servers.origin}.", flush=True)
            return [run(part, servers.env) for part in ON_SERVERS]
    except Trouble as trouble:
        return [Result(part.name, "skipped", str(trouble)) for part in ON_SERVERS]


def run_in_a_browser() -> Result:
    """The browser tests; without a browser each is shown as skipped by its name."""
    try:
        return run(IN_A_BROWSER, {"CHROMIUM": chromium()})
    except Trouble as trouble:
        result = run(IN_A_BROWSER, {"PYTEST_ADDOPTS": "-vv"})
        return Result(result.name, "skipped" if result.outcome == "passed" else result.outcome, str(trouble))


def report(results: Sequence[Result]) -> str:
    """One line a part."""
    width = max(len(result.name) for result in results)
    return "\n".join(f"{result.outcome:<8} {result.name:<{width}}  {result.note}" for result in results)


def _terminate(_number: int, _frame: object) -> None:
    raise SystemExit(143)


def main() -> int:
    """Run every part; 1 when any failed."""
    # Being told to stop unwinds as Ctrl-C does, so that the servers are ended.
    signal.signal(signal.SIGTERM, _terminate)
    results = [*map(run, EMBEDDED), *run_on_servers(), run_in_a_browser()]
    print(f"\n=== make test\n{report(results)}", flush=True)
    return 1 if any(result.outcome == "FAILED" for result in results) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
