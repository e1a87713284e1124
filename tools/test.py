"""``make test``: every test, in the parts that need different settings; says what it skipped and why.

Each part is one pytest process, whose output is shown when it has ended. Three of them run at a time, for a part in a
browser mostly waits. The parts on SQLite know nothing of the caller's environment; the parts on servers use those
that it names, or bring their own (`tools.services`).
"""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock

from tools.browser import chromium
from tools.services import services
from tools.system import Trouble, clean_environment

# A browser that hangs would hang all: a part that takes longer says where it stands, and has failed. The longest takes
# 22 minutes on a calm machine and twice that on a slow one.
PART_SECONDS = 65 * 60
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
        """Those of its paths in which there is a test, or that are one."""
        return [path for path in self.paths if Path(path).is_file() or any(Path(path).rglob("test_*.py"))]


@dataclass(frozen=True)
class Result:
    """How a part went: passed, FAILED or skipped, and in how many seconds, or why."""

    name: str
    outcome: str
    note: str


ELSEWHERE = ("-m", "not browser")
ON_A_SERVER = ("-m", "not browser and not anywhere")
EMBEDDED = (
    Part(
        name="client, dashboard, machinery, docs",
        paths=["tests/api_client", "tests/dashboard", "tests/machinery", "tests/docs"],
        options=ELSEWHERE,
    ),
    Part(name="sandbox and contract", paths=["tests/sandbox", "tests/contract"], settings=SANDBOX, options=ELSEWHERE),
)
# One after the other: they share a cache, which a test may empty.
ON_SERVERS = (
    Part(name="dashboard on PostgreSQL and Redis", paths=["tests/dashboard"], options=ON_A_SERVER),
    Part(name="sandbox on PostgreSQL", paths=["tests/sandbox"], settings=SANDBOX, options=ON_A_SERVER),
)
LANES = 3

_printing = Lock()
_running: set[subprocess.Popen[str]] = set()


def run(part: Part, extra: Mapping[str, str] | None = None) -> Result:
    """Run one part with `extra` in its environment, and show its output when it has ended."""
    paths = part.existing_paths()
    if not paths:
        return Result(part.name, "skipped", f"no tests in {', '.join(part.paths)}")
    started_at = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", f"--ds={part.settings}", *part.options, *paths]
    with tempfile.TemporaryDirectory(prefix="dashboard-") as data:
        code, output = _finished(command, {**clean_environment(data), **part.env, **(extra or {})})
    with _printing:
        print(f"\n=== {part.name}\n{output}", end="", flush=True)
    seconds = f"{time.monotonic() - started_at:.0f} s"
    if code <= 1:
        return Result(part.name, "FAILED" if code else "passed", seconds)
    return Result(part.name, "FAILED", f"{seconds}, pytest ended with exit code {code}")


def _finished(command: Sequence[str], env: Mapping[str, str]) -> tuple[int, str]:
    """The exit code of a command and all it said; it is among the running ones meanwhile."""
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        _running.add(process)
        output = None
        while output is None:
            try:
                output, _ = process.communicate(timeout=PART_SECONDS)
            except subprocess.TimeoutExpired:
                # Again each time: one that comes while Python imports may be lost.
                process.send_signal(signal.SIGINT)
        _running.discard(process)
    return process.returncode, output


def run_on_servers(stack: ExitStack) -> Callable[[], list[Result]]:
    """What runs the parts on real servers, which are there until `stack` closes; skipped where there are none."""
    try:
        servers = stack.enter_context(services())
    except Trouble as trouble:
        skipped = [Result(part.name, "skipped", str(trouble)) for part in ON_SERVERS]
        return lambda: skipped
    print(f"On {servers.origin}.", flush=True)
    return lambda: [run(part, servers.env) for part in ON_SERVERS]


def shares(files: Iterable[Path], number: int) -> list[list[str]]:
    """Split files into shares of about as much text: long tests take long."""
    found: list[list[Path]] = [[] for _ in range(number)]
    for file in sorted(files, key=lambda file: (-file.stat().st_size, file)):
        min(found, key=lambda share: sum(one.stat().st_size for one in share)).append(file)
    return [sorted(str(file) for file in share) for share in found]


def in_a_browser() -> list[Part]:
    """The browser tests in two parts, each with a whole system of its own."""
    # Processes of their own and not xdist's workers: one of those once hung with Playwright in it.
    one, other = shares(Path("tests/e2e").glob("test_*.py"), 2)
    named = {"browser": ["tests/dashboard", *one], "browser, the other half": other}
    # Playwright's loop runs in the test's thread, where Django would refuse the database.
    env = {"DJANGO_ALLOW_ASYNC_UNSAFE": "1"}
    return [Part(name=name, paths=paths, options=("-m", "browser"), env=env) for name, paths in named.items()]


def run_in_a_browser() -> list[Callable[[], list[Result]]]:
    """What runs the browser tests; without a browser each is shown as skipped by its name."""
    try:
        env = {"CHROMIUM": chromium()}
    except Trouble as trouble:
        reason = str(trouble)
        return [partial(_named_alone, part, reason) for part in in_a_browser()]
    return [partial(_run_alone, part, env) for part in in_a_browser()]


def _run_alone(part: Part, env: Mapping[str, str]) -> list[Result]:
    return [run(part, env)]


def _named_alone(part: Part, reason: str) -> list[Result]:
    return [_skipped_by_name(run(part, {"PYTEST_ADDOPTS": "-vv"}), reason)]


def _skipped_by_name(result: Result, reason: str) -> Result:
    return Result(result.name, "skipped" if result.outcome == "passed" else result.outcome, reason)


def report(results: Sequence[Result]) -> str:
    """One line a part."""
    width = max(len(result.name) for result in results)
    return "\n".join(f"{result.outcome:<8} {result.name:<{width}}  {result.note}" for result in results)


def _terminate(_number: int, _frame: object) -> None:
    raise SystemExit(143)


def _run_all(lines: Sequence[Callable[[], list[Result]]]) -> list[Result]:
    """The results of all, as many at a time as there are lanes; being told to stop ends what runs."""
    with ThreadPoolExecutor(LANES) as pool:
        try:
            futures = [pool.submit(line) for line in lines]
            return [result for future in futures for result in future.result()]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in tuple(_running):
                process.terminate()
            raise


def main() -> int:
    """Run every part, the longest first; 1 when any failed."""
    # Being told to stop unwinds as Ctrl-C does, so that the servers are ended.
    signal.signal(signal.SIGTERM, _terminate)
    with ExitStack() as stack:
        # Both may install something, which two cannot do at once: they are had before the first part begins.
        browsing, serving = run_in_a_browser(), run_on_servers(stack)
        longest, *others = [lambda part=part: [run(part)] for part in EMBEDDED]
        results = _run_all([serving, longest, *browsing, *others])
    print(f"\n=== make test\n{report(results)}", flush=True)
    return 1 if any(result.outcome == "FAILED" for result in results) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
