"""`make bench`: measures the product against its targets; `make bench ONLY=ingest ARGS=--quick` for one of them, small.

Ratios within one run, for machines differ and are noisy: all contestants are up together, rounds are interleaved, and
beside each round stands what others used of the processors meanwhile. docs/performance.md explains the figures.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tools.bench import ledgers, pages, processes, thumbnails
from tools.bench.figures import Figure, save, table
from tools.bench.file_figures import long_work
from tools.bench.ingest_figures import ingest_events
from tools.bench.likeness_figures import feedback_clustering
from tools.bench.server import Ledger
from tools.bench.size import SIZES, Size
from tools.bench.sweep_figures import billing_sweep
from tools.bench.tails import page_tail
from tools.bench.webhooks import webhook_ack
from tools.running import ROOT
from tools.services import postgresql
from tools.system import Trouble

Measure = Callable[[], Iterator[Figure]]


def main(words: Sequence[str], sizes: Mapping[str, Size] = SIZES) -> int:
    """Measure what is asked for, print and save it; 1 when a figure misses its bound."""
    wish = _wish(words)
    size, data = sizes[wish.size], Path(os.environ.get("DATA_DIR", ROOT / "var")).resolve()
    folder = data / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    figures: list[Figure] = []
    with ExitStack() as stack:
        is_ledger_asked = not wish.only or set(wish.only) - WITHOUT_LEDGER
        for large, small in _databases(wish.db, folder, size, stack) if is_ledger_asked else ():
            figures += _measured(_measures(large, small, size), wish.only)
    figures += _measured({"thumbnails": partial(thumbnails.figures, size)}, wish.only)
    if wish.db != "postgresql":
        figures += _measured({"start_up": partial(processes.start_up, folder, size)}, wish.only)
    save(figures, data / "bench.json")
    print(f"\n=== make bench ({wish.size})\n{table(figures)}", flush=True)
    return 0 if figures and all(figure.is_ok for figure in figures) else 1


def _wish(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("only", nargs="*", help=f"groups of figures, of {', '.join(NAMES)}; all by default")
    parser.add_argument("--db", default="", choices=["", "sqlite", "postgresql"], help="one database")
    for name in ("quick", "full"):
        parser.add_argument(f"--{name}", dest="size", action="store_const", const=name, default="default")
    wish = parser.parse_args(words)
    unknown = set(wish.only) - set(NAMES)
    if unknown:
        parser.error(f"no group of figures: {', '.join(sorted(unknown))}")
    return wish


def _databases(only: str, folder: Path, size: Size, stack: ExitStack) -> Iterator[tuple[Ledger, Ledger]]:
    """The large and the small ledger of each database that can be had, filled."""
    if only != "postgresql":
        yield _prepared(partial(ledgers.sqlite, folder), size)
    if only != "sqlite":
        try:
            server = stack.enter_context(postgresql())
        except Trouble as trouble:
            print(f"skipped  postgresql: {trouble}", flush=True)
            return
        print(f"On {server.origin}.", flush=True)
        yield _prepared(partial(ledgers.postgresql, folder, url=server.env["DATABASE_URL"]), size)


def _prepared(make: Callable[[int], Ledger], size: Size) -> tuple[Ledger, Ledger]:
    large, small = make(size.events), make(size.few)
    for ledger in (large, small):
        print(f"Preparing {ledger.rows:,} events on {ledger.kind} ...", flush=True)
        ledger.prepare()
    return large, small


NAMES = (
    "pages",
    "page_tail",
    "export_csv",
    "feedback_clustering",
    "ingest_events",
    "billing_sweep",
    "webhook_ack",
    "page_weight",
    "memory",
    "start_up",
    "thumbnails",
)
WITHOUT_LEDGER = frozenset({"start_up", "thumbnails"})


def _measures(large: Ledger, small: Ledger, size: Size) -> Mapping[str, Measure]:
    return {
        "pages": partial(pages.figures, large, small, size),
        "page_tail": partial(page_tail, large, size),
        "export_csv": partial(long_work, large),
        "feedback_clustering": partial(feedback_clustering, large),
        "ingest_events": partial(ingest_events, small, size),
        "billing_sweep": partial(billing_sweep, large),
        "webhook_ack": partial(webhook_ack, small, size),
        "page_weight": partial(processes.page_weight, large),
        "memory": partial(processes.memory, large, size),
    }


def _measured(measures: Mapping[str, Measure], only: Sequence[str]) -> Iterable[Figure]:
    for name, measure in measures.items():
        if not only or name in only:
            print(f"\n--- {name}", flush=True)
            started = time.monotonic()
            yield from measure()
            print(f"  {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        sys.exit(str(trouble))
    except KeyboardInterrupt:
        sys.exit(130)
