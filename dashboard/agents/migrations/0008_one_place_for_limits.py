from django.db import migrations


class Migration(migrations.Migration):
    # Apart from the rows that 0007 wrote: PostgreSQL alters no table in the transaction that has such rows pending.
    dependencies = [("agents", "0007_guardrails")]

    operations = [migrations.RemoveField(model_name="claim", name="warn_credits_per_day")]
