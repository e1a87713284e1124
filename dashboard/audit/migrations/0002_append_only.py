from django.db import migrations

from dashboard.lib.history import protect_operation, switch_operation


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [switch_operation(), protect_operation("audit_auditentry")]
