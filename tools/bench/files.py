"""Seconds of long work on a whole ledger, each beside the bare driver doing the same: `main`, Django set up.

The export is the product's own producer, written to a file as a worker writes it; the driver writes the same rows and
columns as CSV. The rollups are rebuilt where a few of their rows are wrong, and where all are gone, and rolled back;
the driver only counts them, each from the raw rows.
"""

import csv
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from django.db import connection, transaction

from dashboard.accounts.models import Workspace
from dashboard.activity.arrivals import newest_known
from dashboard.activity.export import COLUMNS, ledger_produce
from dashboard.activity.rollup_sql import counted, rollups_rebuild
from dashboard.activity.rollups import DAYS, LEDGER_DAYS, LEDGER_SLOTS, PARTS, SLOTS
from dashboard.exports.kinds import Order
from tools.bench import proc

ROLLUPS = (SLOTS, DAYS, LEDGER_SLOTS, LEDGER_DAYS, PARTS)
# As a file has them, but for texts of ours that stand for a moment and for what was linked.
ROWS = """
SELECT e.occurred_at, e.remote_id, e.type, e.status, e.operation, a.remote_id, a.name, e.summary, e.credits_delta,
    e.estimated_usd_micros, e.subject_type, e.subject_id, e.job_id, e.trace_id, e.capability_id, e.links
FROM activity_event e JOIN agents_agent a ON a.id = e.agent_id
WHERE e.workspace_id = {} ORDER BY e.occurred_at DESC, e.id DESC
"""
_SECONDS = {
    "sqlite": "CAST(strftime('%s', substr(occurred_at, 1, 19)) AS INTEGER)",
    "postgresql": "floor(extract(epoch FROM occurred_at))::bigint",
}
_SUMS = """
    SUM(CASE WHEN type = 'job.completed' THEN 1 ELSE 0 END),
    SUM(CASE WHEN type = 'usage.credit_consumed' AND credits_delta < 0 THEN -credits_delta ELSE 0 END),
    SUM(CASE WHEN type = 'usage.credit_consumed' AND credits_delta IS NULL THEN 1 ELSE 0 END)
"""
BY_HAND = (
    "SELECT workspace_id, agent_id, {seconds} / 900, COUNT(*), {sums} FROM activity_event GROUP BY 1, 2, 3",
    """
    SELECT workspace_id, agent_id, {seconds} / 86400, {sums} FROM activity_event
    WHERE type IN ('job.completed', 'usage.credit_consumed') GROUP BY 1, 2, 3
    """,
    "SELECT workspace_id, {seconds} / 900, COUNT(*) FROM activity_event GROUP BY 1, 2",
    "SELECT workspace_id, {seconds} / 86400, COUNT(*) FROM activity_event GROUP BY 1, 2",
)


def main() -> None:
    workspace = Workspace.objects.earliest("pk")
    begun = proc.own_bytes(os.getpid())
    first, export, peak = _exported(workspace)
    # A short file needs no memory that is seen.
    figures = {"first_piece": first, "export": export, "export_memory": max((peak - begun) / 1e6, 0.1)}
    figures["export_raw"] = _seconds(lambda: _raw_export(workspace))
    figures["rebuild"], figures["rebuild_all"] = _rebuild("id % 50 = 0"), _rebuild("1 = 1")
    figures["rebuild_raw"] = _seconds(_count)
    print(json.dumps(figures), file=sys.stdout)


def _exported(workspace: Workspace) -> tuple[float, float, int]:
    """Seconds to the first row, and to the last; the most memory meanwhile."""
    started, first, peak = time.perf_counter(), 0.0, 0
    owner = workspace.memberships.select_related("user").earliest("pk").user
    order = Order(owner, workspace, {"query": "", "format": "csv"}, newest_known())
    with tempfile.TemporaryFile() as file:
        for number, piece in enumerate(ledger_produce(order).pieces):
            file.write(piece.data)
            first = first or (time.perf_counter() - started if piece.rows else 0.0)
            peak = peak if number % 50 else max(peak, proc.own_bytes(os.getpid()))
    return first, time.perf_counter() - started, peak


def _raw_export(workspace: Workspace) -> None:
    with tempfile.TemporaryFile("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_raw_rows(workspace))


def _raw_rows(workspace: Workspace) -> Iterator[tuple[object, ...]]:
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        yield from connection.connection.execute(ROWS.format(workspace.pk))
        return
    with transaction.atomic(), connection.connection.cursor("raw") as cursor:
        yield from cursor.execute(ROWS.format(workspace.pk))


def _rebuild(missing: str) -> float:
    """Seconds to rebuild the rollups without the rows that a condition finds."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in ROLLUPS:
            cursor.execute(f"DELETE FROM {table.name} WHERE {missing}")  # noqa: S608 - words of ours
        seconds = _seconds(rollups_rebuild)
        transaction.set_rollback(True)
    return seconds


def _count() -> None:
    by_hand = (statement.format(seconds=_SECONDS[connection.vendor], sums=_SUMS) for statement in BY_HAND)
    with connection.cursor() as cursor:
        for statement in (*by_hand, counted(PARTS, connection)):
            cursor.execute(statement)
            for _ in cursor.fetchall():
                pass


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
