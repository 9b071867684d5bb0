from django.db import migrations, models

from durable.migrations._repeatable import AddField


class Migration(migrations.Migration):
    dependencies = [("durable_jobs", "0001_initial")]

    operations = [
        AddField("job", "request_id", models.CharField(db_default="", default="", editable=False, max_length=64)),
    ]
