"""The slowest answers: how far from the usual one, alone and while readings write into the same ledger."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from tools.bench.figures import Figure
from tools.bench.ledgers import scratch
from tools.bench.server import DJANGO, Ledger, Server, running
from tools.bench.size import Size
from tools.running import ROOT
from tools.system import Trouble

# Rows a second that readings write meanwhile.
RATE = 2_000
WARM_SECONDS = 2


def page_tail(ledger: Ledger, size: Size) -> Iterator[Figure]:
    """Of the ledger's first page, asked by one visitor, on a copy that the writer writes into."""
    with scratch(ledger) as copy, running(copy) as server:
        with running(copy.anew) as making:
            anew = _times_for(making, size.tail_seconds)
        alone = _times_for(server, size.tail_seconds)
        busy, rate = _times_while_writing(copy, server, size.tail_seconds)
    db, usual = ledger.kind, statistics.median(alone)
    yield Figure("page_tail:alone", db, _p99(alone), "ms", ("<=", 1.6), usual)
    yield Figure("page_tail:writing", db, _p99(busy), "ms", ("<=", 2.0), _p99(alone))
    # Who writes changes the page: what of the above is not from making it again.
    yield Figure("page_tail:disturbed", db, _p99(busy), "ms", ("<=", 2.0), _p99(anew))
    # A writer that is slower than this disturbs less than the figure says.
    yield Figure("page_tail:written", db, rate, "rows/s", (">=", 0.95 * RATE))


def _times_while_writing(ledger: Ledger, server: Server, seconds: int) -> tuple[list[float], float]:
    """Milliseconds of answers from the writer's first commit to its last, and the rows that it wrote a second.

    Raises Trouble when it ends badly, as it does where the database is locked.
    """
    command = [sys.executable, "-c", DJANGO.format("writing"), str(seconds), str(RATE)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, env=ledger.env, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as writer:
        if writer.stdout:
            writer.stdout.readline()
        times = _times(server, lambda: writer.poll() is None)
        told, errors = writer.communicate()
    if writer.returncode != 0:
        raise Trouble(f"the writer failed:\n{errors.strip()[-3000:]}")
    return times, float(told)


def _times_for(server: Server, seconds: int) -> list[float]:
    """Milliseconds of answers of a server that is warm."""
    begins_at = time.monotonic() + WARM_SECONDS
    _times(server, lambda: time.monotonic() < begins_at)
    return _times(server, lambda: time.monotonic() < begins_at + seconds)


def _times(server: Server, is_on: Callable[[], bool]) -> list[float]:
    """Milliseconds of answers for as long as `is_on`, two at least. Raises RuntimeError for an answer that is none."""
    visitor, path = server.visitor("ledger")
    times: list[float] = []
    with visitor:
        visitor.get(path)
        # Of a single one there are no hundredths.
        while is_on() or len(times) < 2:
            answer = visitor.get(path)
            if answer.status != 200:
                raise RuntimeError(f"{path} answers {answer.status}")
            times.append(answer.seconds * 1000)
    return times


def _p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[98]
