"""The task's row and its state transitions: each is one conditional UPDATE, and its count is the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q, TextChoices
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from arithmetic.operations import MAX_TEXT, OPERATIONS, canonical
from arithmetic.workers import SLACK, Worker, signs

__all__ = ["Claim", "MathTask", "Status", "Worker"]

MAX_ATTEMPTS = 5
DIED = f"Its worker died or ran out of time, {MAX_ATTEMPTS} times in a row. The task is not tried again."


class Status(TextChoices):
    # stored; a message for it is on its way or will be sent by the sweep
    CREATED = "created"
    # a worker has claimed it
    PENDING = "pending"
    # its result is stored
    SUCCESS = "success"
    # it ended without a result; `error` says why
    FAILED = "failed"
    # somebody stopped it before it ended
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Claim:
    """What a worker needs to compute a claimed row and to write its outcome."""

    id: int
    task_type: str
    x: str
    y: str
    attempts: int


class NumberField(models.CharField):  # type: ignore[type-arg]
    """A decimal128 number as canonical text: SQLite and MySQL agree to the digit."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": MAX_TEXT, **kwargs})

    def get_prep_value(self, value: Any) -> Any:
        """Write the canonical spelling; OperationError for what is no number."""
        return canonical(str(value)) if value not in ("", None) else ""


class MathTaskQuerySet(models.QuerySet["MathTask"]):
    def claim(self, ids: Sequence[int], worker: str) -> list[Claim]:
        """Take the rows that nobody has taken; two statements, however many ids.

        A message of several ids takes fresh rows alone: one of them may have killed its
        worker, and from then on each comes in a message of its own.
        """
        fresh = Q(attempts=0) if len(ids) > 1 else Q()
        # The WHERE decides the race between two workers that hold the same id.
        self.filter(fresh, id__in=ids, status=Status.CREATED).update(
            status=Status.PENDING, attempts=F("attempts") + 1, worker=worker, start_time=Now(), update_time=Now()
        )
        mine = self.filter(id__in=ids, status=Status.PENDING, worker=worker)
        return [Claim(*row) for row in mine.values_list("id", "task_type", "x", "y", "attempts").order_by("id")]

    def finish(self, worker: str, attempts: int, status: Status, outcomes: Mapping[int, str]) -> int:
        """Write results (SUCCESS) or errors (FAILED) of one claim; one statement, however many rows.

        `attempts` fences: a worker that was frozen and whose rows were given to another
        finds that they are no longer its own, and its late outcome is dropped.
        """
        if not outcomes:
            return 0
        column = "result" if status == Status.SUCCESS else "error"
        whens = " ".join(["WHEN %s THEN %s"] * len(outcomes))
        values = RawSQL(f"CASE id {whens} END", [v for pair in outcomes.items() for v in pair])  # noqa: S611
        return self.filter(id__in=list(outcomes), status=Status.PENDING, worker=worker, attempts=attempts).update(
            **{column: values, "status": status, "update_time": Now()}
        )

    def release(self, worker: str, before: datetime | None = None) -> list[int]:
        """Give back what `worker` holds (claimed before then), or fail it after MAX_ATTEMPTS; the ids to publish."""
        held = self.filter(status=Status.PENDING, worker=worker)
        if before:
            held = held.filter(start_time__lt=before)
        ids = list(held.filter(attempts__lt=MAX_ATTEMPTS).values_list("id", flat=True))
        held.filter(attempts__gte=MAX_ATTEMPTS).update(status=Status.FAILED, error=DIED, update_time=Now())
        held.filter(id__in=ids).update(status=Status.CREATED, update_time=Now())
        return ids

    def release_lost(self) -> list[int]:
        """Give back the rows whose worker is gone; the ids to publish."""
        holders = list(self.filter(status=Status.PENDING).values_list("worker", flat=True).distinct())
        if not holders:
            return []
        live, witnessed = signs()
        ids: list[int] = []
        for holder in holders:
            node, _, pid = holder.rpartition("/")
            if sign := live.get(node):
                if int(pid) not in sign.pids:
                    ids += self.release(holder, before=sign.beat_time - SLACK)
            elif witnessed:
                ids += self.release(holder)
        return ids

    def overdue(self, before: datetime, limit: int) -> list[tuple[int, int]]:
        """(id, attempts) of waiting rows that nothing has touched since then, oldest first."""
        rows = self.filter(status=Status.CREATED, update_time__lt=before).order_by("update_time")
        return list(rows.values_list("id", "attempts")[:limit])

    def touch(self, ids: Sequence[int], before: datetime) -> int:
        """Note that the rows are being published again; 0 if another sweep was first."""
        return self.filter(id__in=ids, status=Status.CREATED, update_time__lt=before).update(update_time=Now())

    def purge(self, age: timedelta, limit: int) -> int:
        """Delete at most `limit` finished rows older than `age`."""
        ended = [Status.SUCCESS, Status.FAILED, Status.CANCELLED]
        deleted = 0
        for status in ended:  # one status at a time: a range of one index
            rows = self.filter(status=status, update_time__lt=Now() - age).order_by("update_time")
            ids = list(rows.values_list("id", flat=True)[: limit - deleted])
            deleted += self.filter(id__in=ids, status=status).delete()[0] if ids else 0
        return deleted


class MathTask(models.Model):
    """x (task_type) y, and what became of it."""

    task_type = models.CharField(max_length=32)
    x = NumberField()
    y = NumberField()
    result = NumberField(default="", blank=True)
    status = models.CharField(max_length=16, default=Status.CREATED)
    error = models.CharField(max_length=255, default="", blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=80, default="", blank=True)
    idempotency_key = models.CharField(max_length=64, null=True, default=None, unique=True)
    create_time = models.DateTimeField(db_default=Now())
    start_time = models.DateTimeField(null=True, default=None)
    update_time = models.DateTimeField(db_default=Now())

    objects = MathTaskQuerySet.as_manager()

    class Meta:
        db_table = "math_task"
        indexes = [
            # the sweep's waiting and held rows, the purge's old ones
            models.Index(fields=["status", "update_time"], name="math_task_status_update"),
        ]

    def __str__(self) -> str:
        return f"{self.x} {self.symbol} {self.y}"

    @property
    def symbol(self) -> str:
        """The sign of the operation; its name where the operation is no longer there."""
        operation = OPERATIONS.get(self.task_type)
        return operation.symbol if operation else self.task_type
