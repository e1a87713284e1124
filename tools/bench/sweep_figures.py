"""The billing desk's sweep: all payments within its bound, and a second one that finds nothing new."""

import json
from collections.abc import Iterator

from tools.bench.figures import Figure
from tools.bench.ledgers import scratch
from tools.bench.server import Ledger
from tools.system import Trouble

# For 100,000 purchases, as many as the large ledger of the default size has.
MOST_SECONDS = 120.0


def billing_sweep(ledger: Ledger) -> Iterator[Figure]:
    """Everything that is measured of the sweep, on a copy of the ledger. Raises Trouble for a finding found twice."""
    with scratch(ledger) as copy:
        first, again = json.loads(copy.run("sweep"))
    print(f"  {first['payments']:,} payments, {first['found']} differ, then {again['found']} new", flush=True)
    if again["found"]:
        raise Trouble("a second sweep of the same payments found something new")
    yield Figure("billing_sweep:first", ledger.kind, first["seconds"], "s", ("<=", MOST_SECONDS))
    yield Figure("billing_sweep:again", ledger.kind, again["seconds"], "s", ("<=", MOST_SECONDS))
