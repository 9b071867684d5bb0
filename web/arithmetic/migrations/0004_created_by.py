from django.db import migrations, models

from durable.migrations._repeatable import AddField


class Migration(migrations.Migration):
    dependencies = [
        ("arithmetic", "0003_engine"),
    ]

    operations = [
        AddField(
            model_name="mathtask",
            name="created_by",
            field=models.CharField(blank=True, db_default="", default="", max_length=80, verbose_name="created by"),
        ),
    ]
