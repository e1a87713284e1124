"""Where the measured ledgers are kept: SQLite files in the bench's folder, databases of a PostgreSQL server.

What was filled once is used again, as long as neither the schema nor what fills it has changed.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg import sql

from tools.bench.server import Ledger
from tools.running import ROOT


def sqlite(folder: Path, rows: int) -> Ledger:
    name = f"{_name(rows)}.sqlite3"
    for old in folder.glob(f"{_prefix(rows)}*"):
        if not old.name.startswith(name):
            old.unlink()
    return Ledger("sqlite", rows, folder, {"BENCH_SQLITE": str(folder / name)})


def postgresql(folder: Path, rows: int, url: str) -> Ledger:
    """`url` names a server on which databases may be made; its own database is left alone."""
    server, name = url.rpartition("/")[0], _name(rows)
    with psycopg.connect(_libpq(f"{server}/postgres"), autocommit=True) as connection:
        like = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [_prefix(rows)])
        found = {row[0] for row in like.fetchall()}
        for old in found - {name}:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(old)))
        if name not in found:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return Ledger("postgresql", rows, folder, {"DATABASE_URL": f"{server}/{name}"})


def _prefix(rows: int) -> str:
    return f"dashboard_bench_{rows}_"


def _name(rows: int) -> str:
    fillers = [ROOT / "tools/bench" / name for name in ("data.py", "assets.py", "purchases.py", "feedback.py")]
    sources = [*sorted((ROOT / "dashboard").glob("*/migrations/*.py")), *fillers]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    return _prefix(rows) + digest[:8]


def _libpq(url: str) -> str:
    """django-environ writes a socket's folder where libpq wants a host: postgres://user@/folder/name."""
    scheme, _, rest = url.partition("://")
    user, at, place = rest.rpartition("@")
    if not place.startswith("/"):
        return url
    folder, _, name = place.rpartition("/")
    return f"{scheme}://{user}{at}/{name}?host={folder}"


@contextmanager
def scratch(ledger: Ledger) -> Iterator[Ledger]:
    """A copy that may be written to, gone afterwards."""
    where = dict(ledger.where)
    if ledger.kind == "sqlite":
        copy = ledger.folder / "scratch.sqlite3"
        shutil.copy(where["BENCH_SQLITE"], copy)
        try:
            yield replace(ledger, where={"BENCH_SQLITE": str(copy)})
        finally:
            for file in ledger.folder.glob("scratch.sqlite3*"):
                file.unlink()
        return
    server, _, name = where["DATABASE_URL"].rpartition("/")
    copied = f"{name}_scratch"
    names = {"copy": sql.Identifier(copied), "name": sql.Identifier(name)}
    drop = sql.SQL("DROP DATABASE IF EXISTS {copy}").format(**names)
    with psycopg.connect(_libpq(f"{server}/postgres"), autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(sql.SQL("CREATE DATABASE {copy} TEMPLATE {name}").format(**names))
        try:
            yield replace(ledger, where={"DATABASE_URL": f"{server}/{copied}"})
        finally:
            connection.execute(drop)
