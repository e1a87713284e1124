"""Tells of each agent whether it has test money, without a look at all of its receipts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("credits", "0005_receipts_counted")]

    operations = [
        migrations.AddIndex(
            "receipt",
            models.Index(
                fields=["workspace", "agent"],
                name="credits_test_receipts_of_agent",
                condition=models.Q(live_money=False),
            ),
        ),
    ]
