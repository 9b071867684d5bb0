import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import durable.jobs.models
from durable.migrations._repeatable import AddIndex, CreateModel


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("durable", "0002_events"),
    ]

    operations = [
        CreateModel(
            name="Job",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("scheduled", "scheduled"),
                            ("created", "created"),
                            ("pending", "pending"),
                            ("success", "success"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="created",
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                ("error", models.CharField(blank=True, default="", max_length=255, verbose_name="error")),
                ("reason", models.JSONField(default=None, editable=False, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("worker", models.CharField(blank=True, default="", max_length=80, verbose_name="worker")),
                ("queue", models.CharField(default="tasks", max_length=16, verbose_name="queue")),
                ("round", models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                (
                    "idempotency_key",
                    models.CharField(default=None, editable=False, max_length=64, null=True, unique=True),
                ),
                (
                    "created_by",
                    models.CharField(blank=True, db_default="", default="", max_length=80, verbose_name="created by"),
                ),
                (
                    "create_time",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="creation time"
                    ),
                ),
                ("start_time", models.DateTimeField(default=None, null=True, verbose_name="start time")),
                (
                    "update_time",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="update time"
                    ),
                ),
                ("due_time", models.DateTimeField(default=None, null=True, verbose_name="due time")),
                ("function", models.CharField(max_length=255, verbose_name="function")),
                (
                    "arguments",
                    durable.jobs.models.ExactJSONField(encoder=durable.jobs.models.Strict, verbose_name="arguments"),
                ),
                ("backend", models.CharField(default="default", max_length=64, verbose_name="backend")),
                (
                    "value",
                    durable.jobs.models.ExactJSONField(
                        blank=True, default=None, encoder=durable.jobs.models.Strict, null=True, verbose_name="value"
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        default=None,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="durable.batch",
                        verbose_name="batch",
                    ),
                ),
            ],
            options={
                "verbose_name": "job",
                "verbose_name_plural": "jobs",
                "db_table": "durable_job",
            },
        ),
        AddIndex("job", models.Index(fields=["status"], name="durable_job_status_958a69_idx")),
        AddIndex("job", models.Index(fields=["function"], name="durable_job_functio_a5df39_idx")),
        AddIndex("job", models.Index(fields=["batch"], name="durable_job_batch_i_02d497_idx")),
        AddIndex("job", models.Index(fields=["batch", "status"], name="durable_job_batch_i_0602ed_idx")),
        AddIndex("job", models.Index(fields=["update_time"], name="durable_job_update__4e8e8c_idx")),
        AddIndex("job", models.Index(fields=["due_time"], name="durable_job_due_tim_723eb3_idx")),
    ]
