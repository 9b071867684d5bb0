import django.db.models.functions.datetime
from django.db import migrations, models

from durable.migrations._repeatable import CreateModel


class Migration(migrations.Migration):
    dependencies = [
        ("durable", "0002_events"),
    ]

    operations = [
        CreateModel(
            name="Lease",
            fields=[
                ("name", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("holder", models.CharField(db_default="", default="", max_length=80)),
                ("until", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
    ]
