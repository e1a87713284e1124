from django.db import migrations

from dashboard.lib.history import protect_operation


class Migration(migrations.Migration):
    # The audit log's migration makes the switch.
    dependencies = [("credits", "0001_initial"), ("audit", "0002_append_only")]

    operations = [protect_operation("credits_reversal")]
