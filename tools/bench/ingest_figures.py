"""Rows a second that come in, beside what the bare driver and `update_or_create` write."""

import json
from collections.abc import Iterator

from tools.bench.figures import Figure
from tools.bench.ledgers import scratch
from tools.bench.server import Ledger
from tools.bench.size import Size

# How many times `update_or_create`, which counts nothing either, the upsert must be.
OF_ONE_BY_ONE = {"sqlite": 15.0, "postgresql": 60.0}


def ingest_events(ledger: Ledger, size: Size) -> Iterator[Figure]:
    """Everything that is measured of ingest, on a copy of the ledger."""
    with scratch(ledger) as copy:
        speed = json.loads(copy.run("ingest", str(size.ingested)))
    db, slow = ledger.kind, speed["update_or_create"]
    yield Figure("ingest_events:upsert", db, speed["upsert"], "rows/s", (">=", 0.8), speed["raw"])
    yield Figure("ingest_events:whole", db, speed["whole"], "rows/s", (">=", 0.4), speed["raw"])
    yield Figure("ingest_events:update_or_create", db, speed["upsert"], "rows/s", (">=", OF_ONE_BY_ONE[db]), slow)
