"""History that only grows, and the full-text index beside the searched words: FTS5 on SQLite, GIN on PostgreSQL.

On SQLite triggers keep the index: a later migration that alters feedback_clustertext has to end with `_search_make`.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from dashboard.lib.history import protect_operation

_FORGET = "INSERT INTO feedback_search (feedback_search, rowid, text) VALUES ('delete', old.cluster_id, old.text);"
_KEEP = "INSERT INTO feedback_search (rowid, text) VALUES (new.cluster_id, new.text);"
_TABLE = """
CREATE VIRTUAL TABLE feedback_search USING fts5(
    text, content='feedback_clustertext', content_rowid='cluster_id', tokenize='unicode61 remove_diacritics 2'
)
"""
_TRIGGERS = {"insert": _KEEP, "delete": _FORGET, "update": f"{_FORGET} {_KEEP}"}
_SQLITE = (
    _TABLE,
    *(
        f"CREATE TRIGGER feedback_search_{name} AFTER {name} ON feedback_clustertext BEGIN {does} END"
        for name, does in _TRIGGERS.items()
    ),
)
_POSTGRESQL = ("CREATE INDEX feedback_search ON feedback_clustertext USING gin (to_tsvector('simple', text))",)


def _search_make(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in _POSTGRESQL if editor.connection.vendor == "postgresql" else _SQLITE:
        editor.execute(statement)


def _search_drop(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP INDEX feedback_search")
        return
    for name in _TRIGGERS:
        editor.execute(f"DROP TRIGGER feedback_search_{name}")
    editor.execute("DROP TABLE feedback_search")


class Migration(migrations.Migration):
    # The audit log's migration makes the switch of history.
    dependencies = [("feedback", "0001_initial"), ("audit", "0002_append_only")]

    operations = [protect_operation("feedback_change"), migrations.RunPython(_search_make, _search_drop)]
