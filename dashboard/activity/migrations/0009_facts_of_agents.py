"""Says of each fact which agent's job it is of: a job's id is its agent's."""

import django.db.models.deletion
from django.db import migrations, models

# By the ledger's line that named the job, found as everything is: by the index of references.
WHOSE = """
    UPDATE activity_workfact SET agent_id = (
        SELECT MIN(event.agent_id) FROM activity_eventreference AS named
        JOIN activity_event AS event ON event.id = named.event_id
        WHERE named.workspace_id = activity_workfact.workspace_id AND named.reference = activity_workfact.job_id
            AND event.job_id = activity_workfact.job_id
    )
"""


class Migration(migrations.Migration):
    dependencies = [
        ("activity", "0008_fewer_indexes"),
        ("agents", "0008_one_place_for_limits"),
    ]

    operations = [
        migrations.AddField(
            model_name="workfact",
            name="agent",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agents.agent",
            ),
        ),
        migrations.RunSQL(WHOSE, migrations.RunSQL.noop),
        # Of whom no line tells moves no credits.
        migrations.RunSQL("DELETE FROM activity_workfact WHERE agent_id IS NULL", migrations.RunSQL.noop),
    ]
