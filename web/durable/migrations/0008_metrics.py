from django.db import migrations, models
from django.db.models.functions import Now

from durable.migrations._repeatable import CreateModel

COUNTS = ["success", "failed", "cancelled", "again", "waited", "ran"]
COUNTS += [f"{name}_{place}" for name in ("wait", "run") for place in range(25)]
COUNTS += ["claims", "claim_time", "writes", "write_time"]


def key(*fields: str) -> models.CompositePrimaryKey:
    return models.CompositePrimaryKey(*fields, blank=True, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    dependencies = [("durable", "0007_batch_file")]

    operations = [
        CreateModel(
            name="Total",
            fields=[
                ("pk", key("kind", "queue")),
                ("kind", models.CharField(max_length=64)),
                ("queue", models.CharField(default="", max_length=16)),
                *((name, models.BigIntegerField(db_default=0, default=0)) for name in COUNTS),
            ],
        ),
        CreateModel(
            name="Tally",
            fields=[
                ("pk", key("name", "sort", "process")),
                ("name", models.CharField(max_length=32)),
                ("sort", models.CharField(default="", max_length=32)),
                ("process", models.CharField(default="", max_length=80)),
                ("number", models.BigIntegerField(db_default=0, default=0)),
                ("time", models.DateTimeField(db_default=Now())),
            ],
        ),
    ]
