from django.db import migrations, models

from durable.migrations._repeatable import CreateModel

COUNTS = ["success", "failed", "cancelled", "again", "waited", "ran"]
COUNTS += [f"{name}_{place}" for name in ("wait", "run") for place in range(25)]
COUNTS += ["claims", "claim_time", "writes", "write_time"]


class Migration(migrations.Migration):
    dependencies = [
        ("durable", "0004_progress"),
    ]

    operations = [
        CreateModel(
            name="Counter",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "kind",
                        "seconds",
                        "start",
                        "queue",
                        "process",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("kind", models.CharField(max_length=64)),
                ("seconds", models.PositiveSmallIntegerField()),
                ("start", models.BigIntegerField()),
                ("queue", models.CharField(default="", max_length=16)),
                ("process", models.CharField(max_length=80)),
                *((name, models.BigIntegerField(db_default=0, default=0)) for name in COUNTS),
            ],
        ),
    ]
