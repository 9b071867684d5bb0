from django.db import migrations, models

from durable.migrations._repeatable import AddField


class Migration(migrations.Migration):
    dependencies = [("arithmetic", "0005_due_time")]

    operations = [
        AddField("mathtask", "request_id", models.CharField(db_default="", default="", editable=False, max_length=64)),
    ]
