"""The rollups counted anew from the raw rows: to mend them, and to check that they agree.

It says in SQL what `rollups.py` does line by line; tests hold the two together.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from django.db import connection, migrations, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from dashboard.activity.rollups import (
    ASSET,
    DAYS,
    JOB,
    LEDGER_DAYS,
    LEDGER_SLOTS,
    NO_OPERATION,
    PARTS,
    SLOTS,
    SPENT,
    Table,
)
from dashboard.activity.slots import SLOTS_A_DAY

# Days before 1970, so that whole numbers are divided downwards for any moment that there is.
_AHEAD = 1_000_000
# The fraction of a second is cut off first: SQLite would round it.
_SECONDS = {
    "sqlite": "CAST(strftime('%s', substr(occurred_at, 1, 19)) AS INTEGER)",
    "postgresql": "floor(extract(epoch FROM occurred_at))::bigint",
}
# Texts are ordered by their bytes, as in Python.
_BYTES = {"sqlite": "", "postgresql": ' COLLATE "C"'}
_TAKEN = f"CASE WHEN type = '{SPENT}' AND credits_delta < 0 THEN -credits_delta ELSE 0 END"
_UNTOLD = f"CASE WHEN type = '{SPENT}' AND credits_delta IS NULL THEN 1 ELSE 0 END"
_SILENT = "lines.operation IN ('" + "', '".join(NO_OPERATION) + "')"
# One called like an agent or an organization leads nowhere.
_JOB = "CASE WHEN substr(job_id, 1, 4) IN ('agt_', 'org_') THEN '' ELSE job_id END"
_COUNTED = {
    SLOTS: """
        SELECT workspace_id, agent_id, {slot} AS slot, COUNT(*) AS events,
            SUM(CASE WHEN type = '{job}' THEN 1 ELSE 0 END) AS jobs, CAST(SUM({taken}) AS BIGINT) AS credits_spent,
            SUM({untold}) AS untold
        FROM activity_event GROUP BY 1, 2, 3
    """,
    DAYS: """
        SELECT workspace_id, agent_id, {day} AS day, CAST(SUM(jobs) AS BIGINT) AS jobs,
            CAST(SUM(credits_spent) AS BIGINT) AS credits_spent, CAST(SUM(untold) AS BIGINT) AS untold
        FROM {slots} GROUP BY 1, 2, 3 HAVING SUM(jobs) > 0 OR SUM(credits_spent) > 0 OR SUM(untold) > 0
    """,
    LEDGER_SLOTS: """
        SELECT workspace_id, slot, CAST(SUM(events) AS BIGINT) AS events FROM {slots} GROUP BY 1, 2
    """,
    LEDGER_DAYS: """
        SELECT workspace_id, {day} AS day, CAST(SUM(events) AS BIGINT) AS events FROM {slots} GROUP BY 1, 2
    """,
    PARTS: """
        WITH told AS (
            SELECT workspace_id, agent_id, job_id, MIN(NULLIF(operation, ''){bytes}) AS operation,
                MIN(NULLIF(capability_id, ''){bytes}) AS capability
            FROM activity_event WHERE type = '{job}' AND {named_job} <> '' GROUP BY 1, 2, 3
        ), lines AS (
            SELECT workspace_id, agent_id, {slot} AS slot, operation, capability_id, {named_job} AS job_id, type,
                {taken} AS taken, {untold} AS untold
            FROM activity_event
            WHERE type = '{asset}' OR (type = '{spent}' AND (credits_delta < 0 OR credits_delta IS NULL))
        )
        SELECT lines.workspace_id, lines.agent_id, slot,
            CASE WHEN {silent} THEN COALESCE(told.operation, fact.operation, '') ELSE lines.operation END AS operation,
            COALESCE(NULLIF(lines.capability_id, ''), told.capability, fact.capability_id, '') AS capability,
            SUM(CASE WHEN taken > 0 THEN 1 ELSE 0 END) AS spends,
            SUM(CASE WHEN type = '{asset}' THEN 1 ELSE 0 END) AS assets, CAST(SUM(taken) AS BIGINT) AS credits_spent,
            SUM(untold) AS untold
        FROM lines
        LEFT JOIN told
            ON told.workspace_id = lines.workspace_id AND told.agent_id = lines.agent_id AND told.job_id = lines.job_id
        LEFT JOIN activity_workfact AS fact
            ON fact.workspace_id = lines.workspace_id AND fact.agent_id = lines.agent_id AND fact.job_id = lines.job_id
        GROUP BY 1, 2, 3, 4, 5
    """,
}


@dataclass(frozen=True)
class Drift:
    """How many rows of a rollup say something else than the raw rows do."""

    table: str
    rows: int


def rollups_rebuild() -> None:
    """Count every rollup anew and mend the rows that differ; whoever applies events meanwhile waits, and counts on.

    What is right stays where it is: writing a million rows costs several times what counting them does.
    """
    with transaction.atomic():
        _mend(tuple(_COUNTED), connection)


def _mend(tables: Sequence[Table], database: BaseDatabaseWrapper) -> None:
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            names = ", ".join(table.name for table in tables)
            cursor.execute(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
            # A large ledger is sorted in memory, not on the disk.
            cursor.execute("SET LOCAL work_mem = '64MB'")
        for statement in _mending(tables, database):
            cursor.execute(statement)


def _mending(tables: Sequence[Table], database: BaseDatabaseWrapper) -> Iterator[str]:
    slots = _temporary(SLOTS) if SLOTS in tables else ""
    for table in tables:
        columns, keys, temporary = ", ".join(table.columns), ", ".join((*table.owner, *table.keys)), _temporary(table)
        kept, anew = f"SELECT {columns} FROM {table.name}", f"SELECT {columns} FROM {temporary}"  # noqa: S608 - ours
        yield f"CREATE TEMPORARY TABLE {temporary} AS {counted(table, database, slots)}"
        yield f"DELETE FROM {table.name} WHERE ({keys}) IN (SELECT {keys} FROM ({kept} EXCEPT {anew}) AS wrong)"  # noqa: S608
        yield f"INSERT INTO {table.name} ({columns}) {anew} EXCEPT {kept}"
    for table in tables:
        yield f"DROP TABLE {_temporary(table)}"


def _temporary(table: Table) -> str:
    return f"{table.name}_anew"


def rollups_check() -> list[Drift]:
    """Return which rollups disagree with the raw rows; rows of nothing but noughts say nothing."""
    drifts = []
    with transaction.atomic(), connection.cursor() as cursor:
        for table in _COUNTED:
            cursor.execute(_differing(table))
            if rows := cursor.fetchone()[0]:
                drifts.append(Drift(table.name, rows))
    return drifts


def mend_operation(*tables: Table) -> migrations.RunPython:
    """Return the operation of a migration that counts rollups anew, whose rule has changed."""

    def mend(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
        _mend(tables, editor.connection)

    return migrations.RunPython(mend, migrations.RunPython.noop)


def fill_operation(*tables: Table) -> migrations.RunPython:
    """Return the operation of a migration that counts what is here already into new rollups."""
    return migrations.RunPython(partial(_fill, tables), migrations.RunPython.noop)


def _fill(tables: Iterable[Table], _apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    # Not by the editor: it looks for parameters in the text, and takes the format of a time for one.
    with editor.connection.cursor() as cursor:
        for table in tables:
            cursor.execute(filled(table, editor.connection))


def filled(table: Table, database: BaseDatabaseWrapper) -> str:
    """Return the statement that fills an empty rollup."""
    return f"INSERT INTO {table.name} ({', '.join(table.columns)}) {counted(table, database)}"


def counted(table: Table, database: BaseDatabaseWrapper, slots: str = "") -> str:
    """Return the query that counts a rollup from the raw rows, or from a table of `slots` counted before."""
    slot = f"({_SECONDS[database.vendor]} + {86_400 * _AHEAD}) / 900 - {SLOTS_A_DAY * _AHEAD}"
    day = f"(slot + {SLOTS_A_DAY * _AHEAD}) / {SLOTS_A_DAY} - {_AHEAD}"
    words = {
        "slot": slot,
        "day": day,
        "bytes": _BYTES[database.vendor],
        "taken": _TAKEN,
        "untold": _UNTOLD,
        "named_job": _JOB,
    }
    names = {"spent": SPENT, "job": JOB, "asset": ASSET, "silent": _SILENT}
    by_slots = f"({_COUNTED[SLOTS].format(**words, **names)}) AS counted_slots"
    return _COUNTED[table].format(**words, **names, slots=slots or by_slots)


def _differing(table: Table) -> str:
    columns = ", ".join(table.columns)
    something = " OR ".join(f"{one} <> 0" for one in table.sums)
    kept = f"SELECT {columns} FROM {table.name} WHERE {something}"  # noqa: S608 - names of ours
    raw = f"SELECT {columns} FROM ({counted(table, connection)}) AS counted WHERE {something}"  # noqa: S608
    both = f"(SELECT * FROM ({raw}) AS a EXCEPT SELECT * FROM ({kept}) AS b)"  # noqa: S608
    back = f"(SELECT * FROM ({kept}) AS a EXCEPT SELECT * FROM ({raw}) AS b)"  # noqa: S608
    return f"SELECT COUNT(*) FROM (SELECT * FROM {both} AS c UNION ALL SELECT * FROM {back} AS d) AS differing"  # noqa: S608
