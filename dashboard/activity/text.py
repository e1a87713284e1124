"""The words of events, found by any three letters in a row; the database keeps its index in step by itself.

SQLite has an index of its own beside the table (FTS5, trigrams), written by a trigger. A row's number in it is its
workspace and its event in one, so that one workspace's words are a range and are read alone. PostgreSQL has a GIN
index of trigrams. Whichever finds an event, its summary has the last word: what an index still holds of an event that
is gone finds nothing.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection, migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from dashboard.accounts.models import Workspace

# No index knows fewer letters than these.
SHORTEST = 3
# More hits than these are so common that the ledger itself, newest first, is the quicker way to a page of them.
RARE = 1_000
# A workspace's range: 2 to the 40th, which the statements below write out.
_PLACES = 1_099_511_627_776
_FOUND = "SELECT rowid FROM activity_text WHERE rowid >= %s AND rowid < %s AND activity_text MATCH %s"
_SQLITE = (
    "CREATE VIRTUAL TABLE activity_text USING fts5(summary, content='', columnsize=0, tokenize='trigram')",
    """
    CREATE TRIGGER activity_text_keep AFTER INSERT ON activity_event WHEN NEW.summary <> '' BEGIN
        INSERT INTO activity_text (rowid, summary) VALUES (NEW.workspace_id * 1099511627776 + NEW.id, NEW.summary);
    END
    """,
    """
    INSERT INTO activity_text (rowid, summary)
    SELECT workspace_id * 1099511627776 + id, summary FROM activity_event WHERE summary <> '' ORDER BY 1
    """,
)
_POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX activity_text ON activity_event USING gin (UPPER(summary) gin_trgm_ops)",
)


def text_index_operation() -> migrations.RunPython:
    """Return the operation that makes the index and fills it.

    On SQLite a later migration that alters the event's table makes it anew, without the trigger: it has to end with
    this, after dropping the index.
    """
    return migrations.RunPython(_make, _drop)


def _make(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in _POSTGRESQL if editor.connection.vendor == "postgresql" else _SQLITE:
        editor.execute(statement)


def _drop(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP INDEX activity_text")
        return
    editor.execute("DROP TRIGGER activity_text_keep")
    editor.execute("DROP TABLE activity_text")


@dataclass(frozen=True)
class Rarity:
    """How often something is in a workspace's ledger: seldom, then `query` finds the events' ids; else neither."""

    query: RawSQL | QuerySet[Any, Any] | None = None
    is_common: bool = False


def text_rarity(workspace: Workspace, text: str) -> Rarity:
    """Return how rare a text of at least SHORTEST letters is; PostgreSQL weighs that by itself."""
    if connection.vendor == "postgresql":
        return Rarity()
    phrase = '"{}"'.format(text.replace('"', '""'))
    asked = (workspace.pk * _PLACES, (workspace.pk + 1) * _PLACES, phrase)
    with connection.cursor() as cursor:
        # Statements of ours; what is looked for travels beside them.
        cursor.execute(f"SELECT COUNT(*) FROM ({_FOUND} LIMIT {RARE + 1})", asked)  # noqa: S608
        if cursor.fetchone()[0] > RARE:
            return Rarity(is_common=True)
    return Rarity(RawSQL(f"SELECT rowid %% {_PLACES} FROM ({_FOUND})", asked))  # noqa: S608,S611
