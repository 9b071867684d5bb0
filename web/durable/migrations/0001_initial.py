import django.db.models.functions.datetime
from django.db import migrations, models

from durable.migrations._repeatable import CreateModel


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        CreateModel(
            name="Batch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=64, verbose_name="kind")),
                ("total", models.PositiveIntegerField()),
                (
                    "idempotency_key",
                    models.CharField(default=None, editable=False, max_length=64, null=True, unique=True),
                ),
                ("fingerprint", models.CharField(editable=False, max_length=64)),
                (
                    "create_time",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="creation time"
                    ),
                ),
            ],
            options={
                "verbose_name": "batch",
                "verbose_name_plural": "batches",
            },
        ),
        CreateModel(
            name="Claim",
            fields=[
                ("worker", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField(default=0)),
                ("kind", models.CharField(default="", max_length=64)),
                ("round", models.PositiveIntegerField(default=0)),
                ("first", models.BigIntegerField(default=0)),
                ("last", models.BigIntegerField(default=0)),
                ("ids", models.TextField(default=None, null=True)),
                ("start_time", models.DateTimeField(default=None, null=True)),
            ],
        ),
        CreateModel(
            name="Worker",
            fields=[
                ("name", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("pids", models.JSONField(default=list)),
                ("since_time", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("beat_time", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("consuming", models.BooleanField(default=True)),
            ],
        ),
    ]
