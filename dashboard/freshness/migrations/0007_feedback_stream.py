from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("freshness", "0006_catalog"),
    ]

    operations = [
        migrations.AlterField(
            model_name="knowngap",
            name="stream",
            field=models.CharField(
                choices=[
                    ("agent", "Agent: quota and ledger"),
                    ("purchase", "Purchase: state of one payment"),
                    ("work", "Agent: jobs and assets"),
                    ("prices", "Payment methods and credit packs"),
                    ("catalog", "Models and capabilities"),
                    ("feedback", "Feedback: reports of all agents"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="synccursor",
            name="stream",
            field=models.CharField(
                choices=[
                    ("agent", "Agent: quota and ledger"),
                    ("purchase", "Purchase: state of one payment"),
                    ("work", "Agent: jobs and assets"),
                    ("prices", "Payment methods and credit packs"),
                    ("catalog", "Models and capabilities"),
                    ("feedback", "Feedback: reports of all agents"),
                ],
                max_length=16,
            ),
        ),
    ]
