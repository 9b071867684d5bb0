from typing import Any

from django.db import migrations, models

CHOICES = ["scheduled", "created", "pending", "success", "failed", "cancelled"]


def changes(model: str, index: str) -> list[Any]:
    """What a kind gets."""
    states = [(status, status) for status in CHOICES]
    status = models.CharField(choices=states, default="created", max_length=16, verbose_name="status")
    return [
        migrations.AddField(model, "due_time", models.DateTimeField(default=None, null=True, verbose_name="due time")),
        migrations.AddIndex(model, models.Index(fields=["due_time"], name=index)),
        migrations.AlterField(model, "status", status),
    ]


class Migration(migrations.Migration):
    dependencies = [("readings", "0002_created_by")]
    operations = [
        *changes("loan", "readings_lo_due_tim_e67fdc_idx"),
        *changes("reading", "readings_re_due_tim_418320_idx"),
    ]
