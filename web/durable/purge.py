"""The purge: old rows go by themselves, in small batches, for a bounded time."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from celery import shared_task
from django.conf import settings
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django_celery_results.models import TaskResult

from durable import kinds
from durable.indexes import walking
from durable.kinds import Kind
from durable.models import ENDED, Batch, Claim, Worker
from durable.workers import alive

CHUNK = 1_000  # rows per DELETE: well under a second of locks
SECONDS = 20
Step = Callable[[timedelta, int], int]  # deletes so many that are older; how many it did


@shared_task(name="durable.purge", ignore_result=False)
def purge() -> int:
    """Delete finished rows and Celery's records older than RETENTION_DAYS; how many."""
    age, end, deleted = timedelta(days=settings.RETENTION_DAYS), time.monotonic() + SECONDS, 0
    steps: list[Step] = [partial(step, kind) for kind in kinds.every() for step in (purge_tasks, purge_batches)]
    for step in (*steps, purge_records):
        while time.monotonic() < end and (count := step(age, CHUNK)):
            deleted += count
    Worker.objects.exclude(pk__in=alive().values("pk")).delete()
    purge_claims()
    return deleted


def purge_tasks(kind: Kind, age: timedelta, limit: int) -> int:
    """Delete at most `limit` finished rows older than `age`."""
    rows = kind.model.objects.filter(update_time__lt=Now() - age, status__in=ENDED).order_by("update_time")
    with walking(kind, "update_time"):
        ids = list(rows.values_list("id", flat=True)[:limit])
    return int(kind.model.objects.filter(id__in=ids, status__in=ENDED).delete()[0]) if ids else 0


def purge_batches(kind: Kind, age: timedelta, limit: int) -> int:
    """Delete at most `limit` batches that are older and have no tasks any more; how many."""
    tasks = kind.model.objects.filter(batch_id=OuterRef("pk"))
    old = Batch.objects.filter(~Exists(tasks), kind=kind.name, create_time__lt=Now() - age).order_by("pk")
    ids = list(old.values_list("pk", flat=True)[:limit])
    return Batch.objects.filter(pk__in=ids).delete()[0] if ids else 0


def purge_records(age: timedelta, limit: int) -> int:
    """Delete at most `limit` of Celery's own records that are older; how many (its own clean-up takes all at once)."""
    rows = TaskResult.objects.filter(date_done__lt=Now() - age).order_by("date_done")
    ids = list(rows.values_list("pk", flat=True)[:limit])
    return TaskResult.objects.filter(pk__in=ids).delete()[0] if ids else 0


def purge_claims() -> None:
    """Delete the rows of pool processes that are gone and hold nothing."""
    nodes = set(alive().values_list("name", flat=True))
    names = Claim.objects.filter(ids=None).values_list("worker", flat=True)
    gone = [name for name in names if name.rpartition("/")[0] not in nodes]
    Claim.objects.filter(pk__in=gone, ids=None).delete()
