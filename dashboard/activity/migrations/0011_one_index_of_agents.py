"""Drops PostgreSQL's index of events by their agent alone, which the constraint of an agent's ids serves as well.

While statistics know nothing of an agent PostgreSQL takes the two for equal, and by the lesser one it read all events of the
agent for each id that was looked for (docs/adr/0015). SQLite keeps its own: there it is in the order of the rows'
numbers, by which events are gone through, and is never taken for the other.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def _drop(_apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor != "postgresql":
        return
    with editor.connection.cursor() as cursor:
        found = editor.connection.introspection.get_constraints(cursor, "activity_event")
    for name, one in found.items():
        if one["index"] and not one["unique"] and one["columns"] == ["agent_id"]:
            editor.execute(f"DROP INDEX {editor.quote_name(name)}")


def _make(_apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("CREATE INDEX activity_event_agent_id ON activity_event (agent_id)")


class Migration(migrations.Migration):
    dependencies = [("activity", "0010_parts_by_facts")]

    operations = [migrations.RunPython(_drop, _make)]
