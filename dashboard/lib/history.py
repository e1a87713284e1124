"""History that the database itself keeps: rows of these tables are added, never changed and never deleted.

The switch is a table of its own. A row in it opens history for whoever can see that row: put there and taken away
within one transaction it is seen by nobody else, so retention opens its own transaction and no other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.db import connection, migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_SWITCH_MAKE = "CREATE TABLE history_switch (opened_by varchar(64) NOT NULL)"
_FUNCTION_MAKE = """
CREATE FUNCTION history_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM history_switch) THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'history is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
_SQLITE_TRIGGER = """
CREATE TRIGGER {table}_no_{action} BEFORE {action} ON {table}
WHEN NOT EXISTS (SELECT 1 FROM history_switch)
BEGIN SELECT RAISE(ABORT, 'history is append-only'); END
"""
_POSTGRESQL_TRIGGER = """
CREATE TRIGGER {table}_no_{action} BEFORE {action} ON {table} FOR EACH ROW EXECUTE FUNCTION history_refuse()
"""


def switch_operation() -> migrations.RunPython:
    """Return the operation that makes the switch, closed: once, before the first table is protected."""
    return migrations.RunPython(_switch_make, _switch_drop)


def protect_operation(table: str) -> migrations.RunPython:
    """Return the operation that refuses UPDATE and DELETE on a table from now on.

    On SQLite a later migration that alters the table makes it anew, without its triggers: it has to end with this.
    """
    return migrations.RunPython(partial(_protect, table), partial(_release, table))


def _switch_make(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    editor.execute(_SWITCH_MAKE)
    if editor.connection.vendor == "postgresql":
        editor.execute(_FUNCTION_MAKE)


def _switch_drop(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP FUNCTION history_refuse()")
    editor.execute("DROP TABLE history_switch")


def _protect(table: str, _apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    trigger = _POSTGRESQL_TRIGGER if editor.connection.vendor == "postgresql" else _SQLITE_TRIGGER
    for action in ("update", "delete"):
        editor.execute(trigger.format(table=table, action=action))


def _release(table: str, _apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    on_table = f" ON {table}" if editor.connection.vendor == "postgresql" else ""
    for action in ("update", "delete"):
        editor.execute(f"DROP TRIGGER {table}_no_{action}{on_table}")


@contextmanager
def history_open(*, by: str) -> Iterator[None]:
    """Let the code inside change and delete history, in one transaction that nobody else sees open; `by` says who."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO history_switch (opened_by) VALUES (%s)", [by])
        yield
        cursor.execute("DELETE FROM history_switch")
