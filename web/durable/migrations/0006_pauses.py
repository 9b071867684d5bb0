import django.db.models.functions.datetime
from django.db import migrations, models

from durable.migrations._repeatable import CreateModel


class Migration(migrations.Migration):
    dependencies = [
        ("durable", "0005_counter"),
    ]

    operations = [
        CreateModel(
            name="Pause",
            fields=[
                ("kind", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("created_by", models.CharField(db_default="", default="", max_length=80)),
                ("create_time", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("resume_time", models.DateTimeField(default=None, null=True)),
            ],
        ),
    ]
