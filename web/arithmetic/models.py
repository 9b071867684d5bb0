"""The task's row and its state transitions: each is one conditional UPDATE, and its count is the answer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Min, Q, TextChoices
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from arithmetic import indexes
from arithmetic.indexes import walking
from arithmetic.operations import MAX_TEXT, OPERATIONS, canonical
from arithmetic.workers import OVERTIME, SLACK, Worker, signs

__all__ = ["Batch", "Claim", "MathTask", "Status", "Worker"]

# The Celery queues of the work, consumed in turn: a single task never waits behind a batch.
SINGLE, BATCHED = "tasks", "batches"
MAX_ATTEMPTS = 5
WHOLE = timedelta(hours=12)  # RETENTION_DAYS is 1 at least
DIED = f"Its worker died or ran out of time, {MAX_ATTEMPTS} times in a row. The task is not tried again."


class Status(TextChoices):
    # stored; a message for it is on its way or will be sent by the sweep
    CREATED = "created", _("created")
    # a worker has claimed it
    PENDING = "pending", _("pending")
    # its result is stored
    SUCCESS = "success", _("success")
    # it ended without a result; `error` says why
    FAILED = "failed", _("failed")
    # somebody stopped it before it ended
    CANCELLED = "cancelled", _("cancelled")


CANCELLABLE = (Status.CREATED, Status.PENDING)
RETRIABLE = (Status.FAILED, Status.CANCELLED)
ENDED = (Status.SUCCESS, Status.FAILED, Status.CANCELLED)
NOT_SUCCESS = tuple(status for status in Status if status != Status.SUCCESS)


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


def among(ids: Collection[int]) -> Q:
    """Rows by id: where none is missing in between, MySQL walks a range instead of looking each one up."""
    first, last = min(ids, default=0), max(ids, default=0)
    whole = len(set(ids)) == last - first + 1
    return Q(id__range=(first, last)) if whole else Q(id__in=ids)


class MathTaskQuerySet(models.QuerySet["MathTask"]):
    def claim(self, ids: Sequence[int], worker: str) -> list[Claim]:
        """Take the rows that nobody has taken; two statements, however many ids.

        A message of several ids takes fresh rows alone: one of them may have killed its
        worker, and from then on each comes in a message of its own.
        """
        fresh = Q(attempts=0) if len(ids) > 1 else Q()
        # The WHERE decides the race between two workers that hold the same id.
        self.filter(fresh, among(ids), status=Status.CREATED).update(
            status=Status.PENDING, attempts=F("attempts") + 1, worker=worker, start_time=Now(), update_time=Now()
        )
        mine = self.filter(among(ids), status=Status.PENDING, worker=worker)
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
        return self.filter(among(outcomes), status=Status.PENDING, worker=worker, attempts=attempts).update(
            **{column: values, "status": status, "update_time": Now()}
        )

    def cancel(self, ids: Sequence[int]) -> int:
        """Stop tasks that have not ended; a claim that is under way finds its row no longer pending."""
        return self.filter(id__in=ids, status__in=CANCELLABLE).update(status=Status.CANCELLED, update_time=Now())

    def retry(self, ids: Sequence[int]) -> int:
        """Start ended tasks over, as if nobody had tried them.

        Resetting `attempts` does not weaken the fence of `finish`: a process runs one message at a time, so by
        the time it claims this row again its own earlier outcome has been written or dropped, and a frozen one
        wakes up to a row that is another's, or nobody's. The names of processes are never used twice.
        """
        return self.filter(id__in=ids, status__in=RETRIABLE).update(
            status=Status.CREATED, attempts=0, result="", error="", worker="", start_time=None, update_time=Now()
        )

    def release(self, worker: str, before: datetime | None = None) -> list[tuple[int, str]]:
        """Give back what `worker` holds (claimed before then), or after MAX_ATTEMPTS fail it; what to publish."""
        held = self.filter(status=Status.PENDING, worker=worker)
        if before:
            held = held.filter(start_time__lt=before)
        rows = list(held.filter(attempts__lt=MAX_ATTEMPTS).values_list("id", "queue"))
        held.filter(attempts__gte=MAX_ATTEMPTS).update(status=Status.FAILED, error=DIED, update_time=Now())
        held.filter(id__in=[task_id for task_id, _ in rows]).update(status=Status.CREATED, update_time=Now())
        return rows

    def release_lost(self) -> list[tuple[int, str]]:
        """Give back the rows whose worker is gone or has run out of time; (id, queue) to publish.

        The time limit counts for live processes, too: one may hold what it knows nothing of. The limit struck before
        it could give the row back, or a frozen MySQL carried a claim out after its sender had turned to other things.
        One that works on in spite of it is fenced off, even if it claims the row again: it has to end its first run
        before, and the second one counts one attempt more.
        """
        holders = list(self.filter(status=Status.PENDING).values_list("worker").annotate(Min("start_time")))
        if not holders:
            return []
        live, witnessed = signs()
        rows: list[tuple[int, str]] = []
        for holder, oldest in holders:
            node, _, pid = holder.rpartition("/")
            if sign := live.get(node):
                before = sign.beat_time - (OVERTIME if int(pid) in sign.pids else SLACK)
                if oldest < before:
                    rows += self.release(holder, before)
            elif witnessed:
                rows += self.release(holder)
        return rows

    def overdue(self, queue: str, before: datetime, limit: int) -> list[tuple[int, int]]:
        """(id, attempts) of the queue's waiting rows that nothing has touched since then, oldest first.

        Looks through `limit` waiting rows. What is behind them comes into sight as these are worked off: an index
        of its own, which every claim and every outcome would have to change, costs a fifth of the throughput.
        """
        # Single tasks are in sight however many rows of batches wait.
        alone = {"batch": None} if queue == SINGLE else {}
        rows = self.filter(status=Status.CREATED, **alone).order_by("id")
        with walking(indexes.BATCH_STATUS if alone else indexes.STATUS):
            waiting = list(rows.values_list("id", "attempts", "queue", "update_time")[:limit])
        return [(row[0], row[1]) for row in waiting if row[2] == queue and row[3] < before]

    def touch(self, ids: Sequence[int], before: datetime) -> int:
        """Note that the rows are being published again; 0 if another sweep was first."""
        return self.filter(id__in=ids, status=Status.CREATED, update_time__lt=before).update(update_time=Now())

    def purge(self, age: timedelta, limit: int) -> int:
        """Delete at most `limit` finished rows older than `age`."""
        rows = self.filter(update_time__lt=Now() - age, status__in=ENDED).order_by("update_time")
        with walking(indexes.UPDATE_TIME):
            ids = list(rows.values_list("id", flat=True)[:limit])
        return self.filter(id__in=ids, status__in=ENDED).delete()[0] if ids else 0


class Batch(models.Model):
    """Tasks that came in one upload."""

    total = models.PositiveIntegerField()
    idempotency_key = models.CharField(max_length=64, null=True, default=None, unique=True, editable=False)
    # what the key stands for: another upload with the same key is a mistake
    fingerprint = models.CharField(max_length=64, editable=False)
    create_time = models.DateTimeField(_("creation time"), db_default=Now())

    class Meta:
        db_table = "batch"
        verbose_name, verbose_name_plural = _("batch"), _("batches")

    def __str__(self) -> str:
        return str(self.pk)

    def counts(self) -> dict[str, int]:
        """How many of its tasks are in each state; one query of one index.

        Nearly all end in success, and counting a hundred thousand takes MySQL 50 ms: while none can have been purged,
        that number is the difference.
        """
        rows = MathTask.objects.filter(batch_id=self.pk)
        whole = timezone.now() - self.create_time < WHOLE
        if whole:
            rows = rows.filter(status__in=NOT_SUCCESS)
        found = dict(rows.order_by().values_list("status").annotate(models.Count("pk")))
        if whole:
            found[Status.SUCCESS] = self.total - sum(found.values())
        return {**dict.fromkeys(Status.values, 0), **found}


class MathTask(models.Model):
    """x (task_type) y, and what became of it."""

    # The rows of a batch are never touched together with it, so the database need not check.
    batch = models.ForeignKey(
        Batch, models.DO_NOTHING, null=True, default=None, db_constraint=False, db_index=False, verbose_name=_("batch")
    )
    task_type = models.CharField(_("operation"), max_length=32)
    x = NumberField(verbose_name="x")
    y = NumberField(verbose_name="y")
    result = NumberField(verbose_name=_("result"), default="", blank=True)
    status = models.CharField(_("status"), max_length=16, default=Status.CREATED, choices=Status)
    error = models.CharField(_("error"), max_length=255, default="", blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    worker = models.CharField(_("worker"), max_length=80, default="", blank=True)
    queue = models.CharField(_("queue"), max_length=16, default=SINGLE)
    idempotency_key = models.CharField(max_length=64, null=True, default=None, unique=True, editable=False)
    create_time = models.DateTimeField(_("creation time"), db_default=Now())
    start_time = models.DateTimeField(_("start time"), null=True, default=None)
    update_time = models.DateTimeField(_("update time"), db_default=Now())

    objects = MathTaskQuerySet.as_manager()

    class Meta:
        db_table = "math_task"
        verbose_name, verbose_name_plural = _("task"), _("tasks")
        # One for each query that exists. InnoDB ends each with the id, so that `status` also gives the newest first.
        indexes = [
            # the list, filtered, and the counts; the held rows and the waiting ones
            models.Index(fields=["status"], name=indexes.STATUS),
            models.Index(fields=["task_type"], name=indexes.TASK_TYPE),
            # a batch: its list and results, and its progress
            models.Index(fields=["batch"], name=indexes.BATCH),
            models.Index(fields=["batch", "status"], name=indexes.BATCH_STATUS),
            # what has changed, and the purge's old ones
            models.Index(fields=["update_time"], name=indexes.UPDATE_TIME),
        ]

    def __str__(self) -> str:
        return f"{self.x} {self.symbol} {self.y}"

    @property
    def symbol(self) -> str:
        """The sign of the operation; its name where the operation is no longer there."""
        operation = OPERATIONS.get(self.task_type)
        return operation.symbol if operation else self.task_type

    @property
    def can_cancel(self) -> bool:
        """Whether it has not ended."""
        return self.status in CANCELLABLE

    @property
    def can_retry(self) -> bool:
        """Whether it ended without a result."""
        return self.status in RETRIABLE
