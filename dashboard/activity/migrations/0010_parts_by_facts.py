"""Keeps the facts by which spending is filed, where the ledger's lines are silent; 0012 files it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    # Not with 0009: PostgreSQL alters no table whose rows were changed in the same transaction.
    dependencies = [("activity", "0009_facts_of_agents")]

    operations = [
        migrations.RemoveConstraint(model_name="workfact", name="activity_one_fact_a_job"),
        migrations.AlterField(
            model_name="workfact",
            name="agent",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agents.agent",
            ),
        ),
        migrations.RemoveField(model_name="workfact", name="model"),
        migrations.AddConstraint(
            model_name="workfact",
            constraint=models.UniqueConstraint(fields=("workspace", "agent", "job_id"), name="activity_one_fact_a_job"),
        ),
    ]
