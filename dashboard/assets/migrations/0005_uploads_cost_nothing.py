from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def _tell(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Write down that uploads take no credits (contract 3.4: models are charged for), where no ledger says they do."""
    apps.get_model("assets", "Asset").objects.filter(source="uploaded", credits=None).update(credits=0)


class Migration(migrations.Migration):
    dependencies = [("assets", "0004_cost_and_size")]

    operations = [migrations.RunPython(_tell, migrations.RunPython.noop)]
