"""From version 1.0.0, which had batches, workers and claims in tables of this app, to the engine's own.

The old containers are stopped (docs/operations.md). Each step may be done again, and none takes longer for a longer
table, but for the failed tasks, which are looked through.
"""

import re
from collections.abc import Iterator
from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import arithmetic.models
from durable.migrations._repeatable import AddField, DeleteModel, RenameIndex, tables

CHUNK = 1_000  # rows per statement: each is done well within the time that the connection gives it
# The sentences of 1.0.0 that had a value in them.
SENTENCES = [
    (
        re.compile(r"Its worker died or ran out of time, (?P<n>\d+) times in a row\. The task is not tried again\."),
        "Its worker died or ran out of time, {n} times in a row. The task is not tried again.",
    ),
    (re.compile(r"There is no operation (?P<name>.+) any more\."), "There is no operation {name} any more."),
]


class Unchecked(models.PositiveIntegerField):
    """Without the CHECK, which UNSIGNED makes superfluous: for its sake MySQL would copy the whole table."""

    def db_check(self, connection: Any) -> None:
        """None."""


def copy_batches(apps: Any, editor: Any) -> None:
    """Under their old ids and keys. How 1.0.0 took a fingerprint is forgotten: without one, the number of tasks counts."""
    Old, New = apps.get_model("arithmetic", "Batch"), apps.get_model("durable", "Batch")
    if Old._meta.db_table not in tables(editor):
        return
    last = New.objects.order_by("-pk").values_list("pk", flat=True).first() or 0  # where an earlier try ended
    while found := list(Old.objects.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        names = ("id", "total", "idempotency_key", "create_time")
        New.objects.bulk_create(
            [New(kind="mathtask", fingerprint="", **{name: getattr(old, name) for name in names}) for old in found]
        )
        last = found[-1].pk


def let_go(apps: Any, editor: Any) -> None:
    """What a worker of 1.0.0 held waits again: `pending` is no state of a row any more. The old change time stays.

    So the first sweep publishes them at once, each alone, since one of them may have killed its worker.
    """
    rows = apps.get_model("arithmetic", "MathTask").objects.filter(status="pending")
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        rows.filter(pk__in=ids).update(status="created", worker="", start_time=None)


def remember_reasons(apps: Any, editor: Any) -> None:
    """Errors with a value in them keep template and value, to be told in the reader's language."""
    rows, last = apps.get_model("arithmetic", "MathTask").objects, 0
    while failed := chunk(rows.filter(status="failed", reason__isnull=True, pk__gt=last)):
        last = failed[-1][0]
        for error, reason in reasons({error for _, error in failed}):
            ids = [identity for identity, its_error in failed if its_error == error]
            rows.filter(pk__in=ids).update(reason=reason)


def chunk(rows: Any) -> list[tuple[int, str]]:
    """(id, error) of the next rows."""
    return list(rows.order_by("pk").values_list("pk", "error")[:CHUNK])


def reasons(errors: set[str]) -> Iterator[tuple[str, list[Any]]]:
    """Those that had a value, with their template and it."""
    for error in errors:
        for pattern, template in SENTENCES:
            if found := pattern.fullmatch(error):
                values = {name: int(text) if text.isdigit() else text for name, text in found.groupdict().items()}
                yield error, [template, values]


def renamed(old: str, new: str) -> RenameIndex:
    """An index of 1.0.0 under the name that the engine gives it."""
    return RenameIndex(model_name="mathtask", old_name=old, new_name=new)


def rows(change: Any) -> migrations.RunPython:
    """Each statement by itself on MySQL, where the tables change so, too."""
    return migrations.RunPython(change, migrations.RunPython.noop, atomic=False)


class Migration(migrations.Migration):
    dependencies = [("arithmetic", "0002_no_sweep_index"), ("durable", "0001_initial")]
    operations = [
        AddField("mathtask", "reason", models.JSONField(default=None, editable=False, null=True)),
        migrations.SeparateDatabaseAndState(
            database_operations=[AddField("mathtask", "round", Unchecked(db_default=0, default=0, editable=False))],
            state_operations=[
                migrations.AddField(
                    "mathtask", "round", models.PositiveIntegerField(db_default=0, default=0, editable=False)
                )
            ],
        ),
        renamed("math_task_status", "math_task_status_cc2ab5_idx"),
        renamed("math_task_task_type", "math_task_task_ty_de772c_idx"),
        renamed("math_task_batch", "math_task_batch_i_edb982_idx"),
        renamed("math_task_batch_status", "math_task_batch_i_b417d1_idx"),
        renamed("math_task_update_time", "math_task_update__01bd60_idx"),
        rows(copy_batches),
        rows(let_go),
        rows(remember_reasons),
        # Words and references that the table knows nothing of: SQLite would copy it for each.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "mathtask",
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
                migrations.AlterField(
                    "mathtask",
                    "task_type",
                    models.CharField(choices=arithmetic.models.operations, max_length=32, verbose_name="Operation"),
                ),
                migrations.AlterField(
                    "mathtask", "x", arithmetic.models.NumberField(max_length=48, verbose_name="First number")
                ),
                migrations.AlterField(
                    "mathtask", "y", arithmetic.models.NumberField(max_length=48, verbose_name="Second number")
                ),
            ]
        ),
        DeleteModel("Batch"),
        DeleteModel("Worker"),
    ]
