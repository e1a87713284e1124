"""Counts the charges whose credits the service does not tell, beside the credits that it tells."""

from django.db import migrations, models

from dashboard.activity.rollup_sql import mend_operation
from dashboard.activity.rollups import DAYS, PARTS, SLOTS


class Migration(migrations.Migration):
    dependencies = [("activity", "0011_one_index_of_agents")]

    operations = [
        migrations.AddField(model_name="spendslot", name="untold", field=models.PositiveIntegerField(default=0)),
        migrations.AddField(model_name="spendday", name="untold", field=models.BigIntegerField(default=0)),
        migrations.AddField(model_name="spendpart", name="untold", field=models.BigIntegerField(default=0)),
        mend_operation(SLOTS, DAYS, PARTS),
    ]
