"""The dashboard behind two baselines that never reach Django: constant bytes, and a page's SQL by the bare driver."""

import json
import os
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import psycopg
from django.conf import settings

from dashboard.wsgi import application as dashboard

PLAN = json.loads(Path(os.environ["BENCH_PLAN"]).read_text())
PAGE = b"x" * PLAN["ledger_bytes"]
HEADERS = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(PAGE)))]
_kept = threading.local()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/bench/raw/":
        _ask_all(PLAN["ledger_sql"])
    elif path != "/bench/constant/":
        return dashboard(environ, start_response)
    start_response("200 OK", HEADERS)
    return [PAGE]


def _ask_all(statements: list[str]) -> None:
    connection = _connection()
    for statement in statements:
        connection.execute(statement).fetchall()


def _connection() -> Any:  # noqa: ANN401 - of either driver
    if not hasattr(_kept, "connection"):
        _kept.connection = _connect(settings.DATABASES["default"])
    return _kept.connection


def _connect(database: dict[str, Any]) -> sqlite3.Connection | psycopg.Connection:
    if database["ENGINE"].endswith("sqlite3"):
        connection = sqlite3.connect(database["NAME"])
        connection.executescript(database["OPTIONS"]["init_command"])
        return connection
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    options = {driver: database[ours] for ours, driver in names.items() if database.get(ours)}
    return psycopg.connect(**options, autocommit=True)
