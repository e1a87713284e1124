from django.db import migrations

from dashboard.lib.history import protect_operation


class Migration(migrations.Migration):
    dependencies = [("credits", "0003_buyer_details")]

    operations = [protect_operation("credits_buyerdetails")]
