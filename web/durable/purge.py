"""The purge: old rows go by themselves, in small batches, for a bounded time."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q
from django.db.models.functions import Now
from django_celery_results.models import TaskResult

from durable import kinds, tallies, totals
from durable.claimed import Claim
from durable.indexes import walking
from durable.kinds import Kind
from durable.models import Batch, Event, Worker
from durable.states import ENDED, Status
from durable.workers import alive

logger = logging.getLogger(__name__)
CHUNK = 1_000  # rows per DELETE: well under a second of locks
SECONDS = 0.5  # of each minute: the sweep waits meanwhile
Step = Callable[[timedelta, int], int]  # deletes so many that are older; how many it did


def purge() -> int:
    """Delete finished rows, events and Celery's records older than RETENTION_DAYS; how many. Safe twice at once."""
    age, end, deleted = timedelta(days=settings.RETENTION_DAYS), time.monotonic() + SECONDS, 0
    steps: list[Step] = [partial(purge_tasks, kind, status) for kind in kinds.every() for status in ENDED]
    steps += [*(partial(purge_batches, kind) for kind in kinds.every()), purge_events, purge_records]
    while steps and time.monotonic() < end:  # in turn: much of one leaves the others their share
        counts = [step(age, CHUNK) for step in steps]
        steps = [step for step, count in zip(steps, counts, strict=True) if count]
        deleted += sum(counts)
    Worker.objects.exclude(pk__in=alive().values("pk")).delete()
    purge_claims()
    if deleted:
        logger.info("purge: %d old rows are deleted", deleted)
    totals.roll_up()
    tallies.purge()
    return deleted


def purge_tasks(kind: Kind, status: Status, age: timedelta, limit: int) -> int:
    """Delete those of the first `limit` rows that ended so, by number, that are older than `age`; how many.

    By number, which is nearly the order of their ends: in that order each purge would walk all that is scheduled.
    """
    old = ExpressionWrapper(Q(update_time__lt=Now() - age), output_field=BooleanField())
    rows = kind.model.objects.filter(status=status).annotate(old=old).order_by("id")
    with walking(kind, "status"):
        ids = [identity for identity, is_old in rows.values_list("id", "old")[:limit] if is_old]
    return int(kind.model.objects.filter(id__in=ids, status=status).delete()[0]) if ids else 0


def purge_batches(kind: Kind, age: timedelta, limit: int) -> int:
    """Delete at most `limit` batches that are older and have no tasks any more; how many."""
    tasks = kind.model.objects.filter(batch_id=OuterRef("pk"))
    old = Batch.objects.filter(~Exists(tasks), kind=kind.name, create_time__lt=Now() - age).order_by("pk")
    ids = list(old.values_list("pk", flat=True)[:limit])
    return Batch.objects.filter(pk__in=ids).delete()[0] if ids else 0


def purge_events(age: timedelta, limit: int) -> int:
    """Delete at most `limit` events that are older; how many."""
    ids = list(Event.objects.filter(time__lt=Now() - age).order_by("time").values_list("pk", flat=True)[:limit])
    return Event.objects.filter(pk__in=ids).delete()[0] if ids else 0


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
