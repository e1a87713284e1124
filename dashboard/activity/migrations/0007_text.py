from django.db import migrations

from dashboard.activity.text import text_index_operation


class Migration(migrations.Migration):
    dependencies = [("activity", "0006_ledger_counts")]

    operations = [text_index_operation()]
