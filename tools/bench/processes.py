"""What is measured of whole processes: a page's weight on the wire, a worker's memory, `make run`."""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tools.bench import proc
from tools.bench.figures import Figure
from tools.bench.server import Ledger, Server, running
from tools.bench.size import Size
from tools.running import System, free_port, make_run, press_ctrl_c, printed_links

KB, MB = 1_000, 1_000_000
# What a page asks the browser for; its scripts are whole and ask for nothing more.
_WANTED = re.compile(rb'(?:href=|src=)"([^"#]+\.(?:css|js|svg))')
WEIGHED = ("ledger", "overview", "agent", "billing_desk")
MIXED = ("ledger", "ledger_deepest", "ledger_median", "overview", "agent")
SETTLE_SECONDS = 10


def page_weight(ledger: Ledger) -> Iterator[Figure]:
    """Of the heaviest page: all that a first visit loads, without pictures and fonts, and what a later one does."""
    with running(ledger) as server:
        weights = [_weights(server, page) for page in WEIGHED]
    yield Figure("page_weight:first", ledger.kind, max(page + files for page, files in weights) / KB, "KB", ("<=", 60))
    yield Figure("page_weight:repeat", ledger.kind, max(page for page, _ in weights) / KB, "KB", ("<=", 8))


def _weights(server: Server, name: str) -> tuple[int, int]:
    """Bytes of a page and of its files, as compressed as the server has them."""
    reader, path = server.visitor(name)
    weigher, _ = server.visitor(name, encoding="br, gzip")
    with reader, weigher:
        wanted = {found.decode() for found in _WANTED.findall(reader.get(path).body)}
        return len(weigher.get(path).body), sum(len(weigher.get(address).body) for address in wanted)


def memory(ledger: Ledger, size: Size) -> Iterator[Figure]:
    """The larger of two web workers after so many pages of several kinds, and its growth since a tenth of them."""
    with running(ledger.plain) as server:
        _ask(server, size.requests // 10)
        early = _largest(server)
        _ask(server, size.requests - size.requests // 10)
        late = _largest(server)
    yield Figure("memory:worker", ledger.kind, late / MB, "MB", ("<=", 110))
    yield Figure("memory:growth", ledger.kind, late / MB, "MB", ("<=", 1.02), early / MB)


def _ask(server: Server, requests: int) -> None:
    """Through many connections, so that both workers get their share."""
    for number in range(requests // 50):
        visitor, path = server.visitor(MIXED[number % len(MIXED)])
        with visitor:
            for _ in range(50):
                visitor.get(path)


def _largest(server: Server) -> int:
    return max(map(proc.resident_bytes, server.workers))


def start_up(folder: Path, size: Size) -> Iterator[Figure]:
    """`make run` a second time, to its first page; then, left alone with its demo, its CPU and memory."""
    system = System(f"http://localhost:{free_port()}", f"http://127.0.0.1:{free_port()}", folder / "run")
    log = folder / "run.log"
    with log.open("w") as output:
        first = make_run(system.environment, output)
        try:
            printed_links(first, log)
        finally:
            press_ctrl_c(first)
        started = time.monotonic()
        second = make_run(system.environment, output)
        try:
            seconds = _first_page(system, second) - started
            time.sleep(SETTLE_SECONDS)
            cpu, bytes_ = _idle(second.pid, size.idle_seconds)
        finally:
            press_ctrl_c(second)
    yield Figure("start_up", "sqlite", seconds, "s", ("<=", 5))
    yield Figure("memory:idle_system", "sqlite", bytes_ / MB, "MB", ("<=", 400))
    yield Figure("memory:idle_cpu", "sqlite", cpu * 100, "% CPU", ("<=", 1))


def _first_page(system: System, process: subprocess.Popen[bytes]) -> float:
    while process.poll() is None:
        try:
            with urlopen(system.url, timeout=5):  # noqa: S310 - our own address
                return time.monotonic()
        except (URLError, ConnectionError):
            time.sleep(0.02)
    raise RuntimeError("make run ended")


def _idle(pid: int, seconds: int) -> tuple[float, int]:
    """The share of one processor that it used, and its memory in bytes."""
    before = proc.cpu_seconds(proc.family(pid))
    time.sleep(seconds)
    return (proc.cpu_seconds(proc.family(pid)) - before) / seconds, proc.memory_bytes(proc.family(pid))
