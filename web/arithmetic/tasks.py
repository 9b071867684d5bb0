"""The Celery tasks: run computes what a message names; sweep and purge look after the rows."""

import itertools
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from celery import Task, current_app, shared_task
from django.conf import settings
from django.core.cache import cache
from django.db import InterfaceError, OperationalError, connections
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.dateparse import parse_datetime
from django_celery_results.models import TaskResult
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from arithmetic.models import BATCHED, SINGLE, Batch, Claim, MathTask, Status, Worker
from arithmetic.operations import OPERATIONS, OperationError, apply
from arithmetic.pace import note
from arithmetic.workers import alive, process_name

logger = logging.getLogger(__name__)
T = TypeVar("T")
DATABASE_AWAY = (OperationalError, InterfaceError)
AWAY = (*DATABASE_AWAY, BrokerError, RedisError)

QUEUES = (SINGLE, BATCHED)
# From a row's commit to its message in the queue, and from the queue to its claim.
GRACE = timedelta(seconds=5)
PROBE_SECONDS = 60
REPUBLISH_LIMIT = 20_000  # rows per sweep: bounds its time
PURGE_BATCH = 1_000  # rows per DELETE: well under a second of locks
PURGE_SECONDS = 20


@shared_task(bind=True, name="arithmetic.run")
def run(self: "Task[Any, None]", ids: list[int]) -> None:
    """Claim, compute and finish the tasks of one message: three statements, however many ids."""
    started, worker = time.monotonic(), process_name()
    try:
        claims = patiently(lambda: MathTask.objects.claim(ids, worker))
        results, errors = compute(claims)
        attempts = claims[0].attempts if claims else 0  # one id, or fresh rows alone: the same for all
        patiently(lambda: MathTask.objects.finish(worker, attempts, Status.SUCCESS, results))
        patiently(lambda: MathTask.objects.finish(worker, attempts, Status.FAILED, errors))
    except BaseException:
        # A bug or the soft time limit: each row that has no outcome yet is tried again, on its own.
        connections.close_all()  # the limit may have struck in the middle of a statement
        patiently(lambda: MathTask.objects.release(worker))
        raise
    requests = (self.request.headers or {}).get("request_ids", "")
    logger.info(
        "ran first=%s ids=%d claimed=%d failed=%d ms=%.1f requests=%s",
        ids[0], len(ids), len(claims), len(errors), (time.monotonic() - started) * 1000, requests,
    )  # fmt: skip


def compute(claims: Sequence[Claim]) -> tuple[dict[int, str], dict[int, str]]:
    """The results and the errors by id."""
    results: dict[int, str] = {}
    errors: dict[int, str] = {}
    for claim in claims:
        time.sleep(settings.TASK_SECONDS)
        if claim.task_type not in OPERATIONS:
            errors[claim.id] = f"There is no operation {claim.task_type} any more."
            continue
        try:
            results[claim.id] = apply(claim.task_type, claim.x, claim.y)
        except OperationError as error:
            errors[claim.id] = str(error)
    return results, errors


def patiently(step: Callable[[], T]) -> T:
    """Do a database step; while the database is away, wait and try again (Celery's time limits end it).

    Each step may be repeated: it is one conditional UPDATE, and a claim finds its own rows again.
    """
    for tries in itertools.count():
        try:
            return step()
        except DATABASE_AWAY as error:
            if tries % 10 == 0:
                logger.warning("database away, waiting: %s", error)
            connections.close_all()
            time.sleep(min(2.0, 0.05 * 2**tries) if tries < 6 else 2.0)
    raise AssertionError("unreachable")


def send(ids: Sequence[int], request_ids: Sequence[str] = (), queue: str = SINGLE) -> None:
    """Publish one message; raises kombu's OperationalError where the broker is away."""
    run.apply_async(args=(list(ids),), queue=queue, headers={"request_ids": ",".join(request_ids)})


@shared_task(name="arithmetic.sweep")
def sweep() -> None:
    """Bring back what workers have left behind, and what no message stands for. Safe to run twice at once."""
    try:
        release_lost()
        find_forgotten()
    except AWAY as error:
        logger.warning("sweep: put off, %s", error)
        connections.close_all()


def release_lost() -> None:
    """Give the rows of workers that are gone, or out of time, to others."""
    released = MathTask.objects.release_lost()
    if released:
        logger.warning("sweep: %d tasks that their workers left behind are tried again", len(released))
    for task_id, queue in released:
        send([task_id], queue=queue)  # alone: a task that kills its worker takes no neighbour with it


def find_forgotten() -> None:
    """Publish again the waiting rows that the broker has forgotten, without flooding a queue that is merely long."""
    clock = alive().order_by("-beat_time").values_list("beat_time", flat=True).first()
    if clock is None:
        return
    depths = depths_of(QUEUES)
    # Empty queues first: they need no cache, which may be away on its own where Redis is not the broker.
    for queue, waiting in sorted(depths.items(), key=lambda pair: pair[1]):
        if waiting == 0:
            republish(queue, clock - GRACE)
        elif cache.add(f"probe:{queue}", 1, timeout=PROBE_SECONDS):
            # The queue is long, or it merely never empties: what is published before the probe comes out before it.
            probe.apply_async(args=(queue, (clock - GRACE).isoformat()), queue=queue)
    note(clock, depths)


@shared_task(name="arithmetic.probe")
def probe(queue: str, before: str) -> None:
    """Came through the queue: rows that were waiting before it and still wait have no message."""
    cache.delete(f"probe:{queue}")
    moment = parse_datetime(before)
    assert moment is not None
    republish(queue, moment)


def republish(queue: str, before: datetime) -> None:
    """Publish waiting rows that nothing has touched since then, marking each so that it is done once."""
    rows = MathTask.objects.overdue(queue, before, REPUBLISH_LIMIT)
    fresh = sorted(task_id for task_id, attempts in rows if attempts == 0)
    size = settings.TASKS_PER_MESSAGE
    chunks = [fresh[i : i + size] for i in range(0, len(fresh), size)]
    chunks += [[task_id] for task_id, attempts in rows if attempts > 0]
    sent = 0
    for chunk in chunks:
        if MathTask.objects.touch(chunk, before):
            send(chunk, queue=queue)
            sent += len(chunk)
    if sent:
        logger.warning("sweep: %d waiting tasks had no message and are published again", sent)


def depths_of(queues: Iterable[str]) -> dict[str, int]:
    """How many messages wait in each queue; raises kombu's OperationalError where the broker is away."""
    with current_app.connection_for_write() as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0)
            return {queue: ready(connection, queue) for queue in queues}
        except connection.connection_errors as error:
            raise BrokerError(str(error)) from error


def ready(connection: Connection, queue: str) -> int:
    """How many messages wait in the queue; those that a worker holds are not among them."""
    channel: Any = connection.channel()
    try:
        return int(channel.queue_declare(queue=queue, passive=True).message_count)
    except connection.channel_errors:  # an empty list does not exist in Redis
        return 0


@shared_task(name="arithmetic.purge", ignore_result=False)
def purge() -> int:
    """Delete finished rows and Celery's records older than RETENTION_DAYS, in batches, for a bounded time; how many."""
    age, end, deleted = timedelta(days=settings.RETENTION_DAYS), time.monotonic() + PURGE_SECONDS, 0
    for batch in (MathTask.objects.purge, purge_batches, purge_records):
        while time.monotonic() < end and (count := batch(age, PURGE_BATCH)):
            deleted += count
    Worker.objects.exclude(pk__in=alive().values("pk")).delete()
    return deleted


def purge_batches(age: timedelta, limit: int) -> int:
    """Delete at most `limit` batches that are older and have no tasks any more; how many."""
    tasks = MathTask.objects.filter(batch_id=OuterRef("pk"))
    ids = list(
        Batch.objects.filter(~Exists(tasks), create_time__lt=Now() - age)
        .order_by("pk")
        .values_list("pk", flat=True)[:limit]
    )
    return Batch.objects.filter(pk__in=ids).delete()[0] if ids else 0


def purge_records(age: timedelta, limit: int) -> int:
    """Delete at most `limit` of Celery's own records that are older; how many (its own clean-up takes all at once)."""
    rows = TaskResult.objects.filter(date_done__lt=Now() - age).order_by("date_done")
    ids = list(rows.values_list("pk", flat=True)[:limit])
    return TaskResult.objects.filter(pk__in=ids).delete()[0] if ids else 0
