from django.db import migrations, models

from durable.migrations._repeatable import AddField


class Migration(migrations.Migration):
    dependencies = [
        ("durable", "0003_lease"),
    ]

    operations = [
        AddField("claim", "progress_task", models.BigIntegerField(default=None, null=True)),
        AddField("claim", "progress", models.FloatField(default=None, null=True)),
        AddField("claim", "progress_words", models.CharField(db_default="", default="", max_length=200)),
        AddField("claim", "progress_time", models.DateTimeField(default=None, null=True)),
        AddField("claim", "late_task", models.BigIntegerField(default=None, null=True)),
    ]
