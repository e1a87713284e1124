"""A whole ledger as a file, and its rollups counted anew, beside the bare driver."""

import json
from collections.abc import Iterator

from tools.bench.figures import Figure
from tools.bench.ledgers import scratch
from tools.bench.server import Ledger


def long_work(ledger: Ledger) -> Iterator[Figure]:
    """Everything that is measured of long work, on a copy of the ledger."""
    with scratch(ledger) as copy:
        told = json.loads(copy.run("files").strip().splitlines()[-1])
    db = ledger.kind
    yield Figure("export_csv:first_row", db, told["first_piece"] * 1000, "ms", ("<=", 50.0))
    yield Figure("export_csv", db, told["export"], "s", ("<=", 2.0), told["export_raw"])
    yield Figure("export_csv:memory", db, told["export_memory"], "MB", ("<=", 30.0))
    yield Figure("rollup_rebuild", db, told["rebuild"], "s", ("<=", 1.5), told["rebuild_raw"])
    yield Figure("rollup_rebuild:from_nothing", db, told["rebuild_all"], "s", ("<=", 1.5), told["rebuild_raw"])
