"""Drops PostgreSQL's index of events by their agent alone, which the constraint of an agent's ids serves as well.

While statistics know nothing of an agent PostgreSQL takes the two for equal, and by the lesser one it read all events
of the agent for each id that was looked for (docs/adr/0015). SQLite keeps its own: there it is in the order of the
rows' numbers, by which events are gone through, and is never taken for the other.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# As Django names it everywhere: of the table, the column and a digest of both.
INDEX = "activity_event_agent_id_afd52b3e"


def _drop(_apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(f"DROP INDEX {INDEX}")


def _make(_apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(f"CREATE INDEX {INDEX} ON activity_event (agent_id)")


class Migration(migrations.Migration):
    dependencies = [("activity", "0010_parts_by_facts")]

    operations = [migrations.RunPython(_drop, _make)]
