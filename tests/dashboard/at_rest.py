"""What the database holds at rest, table by table: for tests that look for a secret in all of it."""

from django.db import connection


def tables_holding(*texts: str) -> list[str]:
    """Return the tables in which any of these texts stands, in whatever column."""
    found = []
    with connection.cursor() as cursor:
        for table in _tables():
            cursor.execute(f'SELECT * FROM "{table}"')
            rows = str(cursor.fetchall())
            if any(text in rows for text in texts):
                found.append(table)
    return found


def _tables() -> list[str]:
    """Return the tables that hold rows: a virtual one of SQLite cannot be scanned, and keeps its words in others."""
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        if connection.vendor != "sqlite":
            return names
        cursor.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'")
        virtual = {name for (name,) in cursor.fetchall()}
    return [name for name in names if name not in virtual]
