"""Drops the indexes of foreign keys that another index begins with, or by which nothing is looked up.

Not by AlterField: on SQLite that copies the table, without the triggers that forbid its rows to change.
"""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

WORKSPACE, AGENT = "workspace", "agent"
KEYS = (
    ("event", WORKSPACE),
    ("spendslot", WORKSPACE),
    ("spendslot", AGENT),
    ("spendday", WORKSPACE),
    ("spendday", AGENT),
    ("spendpart", AGENT),
)


def _drop(_apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for table, key in KEYS:
        for name in _indexes(editor, f"activity_{table}", f"{key}_id"):
            editor.execute(f"DROP INDEX {editor.quote_name(name)}")


def _make(_apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for table, key in KEYS:
        editor.execute(f"CREATE INDEX activity_{table}_{key}_id ON activity_{table} ({key}_id)")


def _indexes(editor: BaseDatabaseSchemaEditor, table: str, column: str) -> list[str]:
    """Return the indexes of this column alone: their names hold a digest."""
    with editor.connection.cursor() as cursor:
        found = editor.connection.introspection.get_constraints(cursor, table)
    return [name for name, one in found.items() if one["index"] and not one["unique"] and one["columns"] == [column]]


def _key(model: str, name: str) -> migrations.AlterField:
    to = {WORKSPACE: "accounts.workspace", AGENT: "agents.agent"}[name]
    field = models.ForeignKey(
        to,
        on_delete=models.PROTECT,
        related_name="events" if model == "event" else "+",
        db_index=False,
    )
    return migrations.AlterField(model, name, field)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_invitations_handovers"),
        ("activity", "0007_text"),
        ("agents", "0008_one_place_for_limits"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(_drop, _make)],
            state_operations=[_key(*one) for one in KEYS],
        ),
    ]
