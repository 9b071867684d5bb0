from django.db import migrations, models

from durable.migrations._repeatable import AddField, AddIndex

CHOICES = ["scheduled", "created", "pending", "success", "failed", "cancelled"]


class Migration(migrations.Migration):
    dependencies = [("arithmetic", "0004_created_by")]

    operations = [
        AddField("mathtask", "due_time", models.DateTimeField(default=None, null=True, verbose_name="due time")),
        AddIndex("mathtask", models.Index(fields=["due_time"], name="math_task_due_tim_dc6fe7_idx")),
        # Words that the table knows nothing of: SQLite would copy it.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "mathtask",
                    "status",
                    models.CharField(
                        choices=[(status, status) for status in CHOICES],
                        default="created",
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
            ]
        ),
    ]
