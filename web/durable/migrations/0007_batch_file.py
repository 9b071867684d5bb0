from django.db import migrations, models

from durable.migrations._repeatable import AddField


class Migration(migrations.Migration):
    dependencies = [("durable", "0006_pauses")]

    operations = [
        AddField(
            "batch",
            "file_name",
            models.CharField(db_default="", default="", editable=False, max_length=120, verbose_name="file"),
        ),
        AddField("batch", "request_id", models.CharField(db_default="", default="", editable=False, max_length=64)),
    ]
