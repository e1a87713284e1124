"""Which state of the database this thread sees, as the database itself tells its states apart: one cheap question."""

from collections.abc import Hashable

from django.db import connection

from dashboard.lib.prepared import PlannedOnce


def version_seen() -> Hashable | None:
    """Return a name for the state that is seen: seen twice, nothing was committed in between.

    None within a transaction, which may still be rolled back. On SQLite each connection counts for itself, and not what
    it wrote itself; so it is in the name, and how many rows it changed. Whoever listens to cursors hears nothing.
    """
    if connection.in_atomic_block:
        return None
    connection.ensure_connection()
    driver = connection.connection
    with connection.wrap_database_errors:
        if connection.vendor == "sqlite":
            # https://sqlite.org/pragma.html#pragma_data_version
            return driver, *driver.execute("PRAGMA data_version").fetchone(), driver.total_changes
        # https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
        return tuple(driver.execute(PlannedOnce("SELECT pg_current_snapshot()::text")).fetchone())
