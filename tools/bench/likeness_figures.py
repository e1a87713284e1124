"""Clustering: all items in one walk after a flood, and one more by itself; on a copy of the large ledger."""

import json
from collections.abc import Iterator

from tools.bench.figures import Figure
from tools.bench.ledgers import scratch
from tools.bench.server import Ledger

ALL_SECONDS, ONE_MS = 60.0, 200.0


def feedback_clustering(ledger: Ledger) -> Iterator[Figure]:
    """Seconds for all, milliseconds for one, as a person would wait for them: bounds of the issue, not ratios."""
    with scratch(ledger) as copy:
        took = json.loads(copy.run("likeness"))
    print(f"  {took['items']:,} items", flush=True)
    yield Figure("feedback_clustering:all", ledger.kind, took["all"], "s", ("<=", ALL_SECONDS))
    yield Figure("feedback_clustering:one", ledger.kind, took["one"] * 1_000, "ms", ("<=", ONE_MS))
