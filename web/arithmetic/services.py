"""What people do with tasks: the rows first, then their messages."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from django.conf import settings
from django.db import IntegrityError, transaction

from arithmetic.batches import Rows
from arithmetic.indexes import walking
from arithmetic.inserts import Row, insert_many, insert_one
from arithmetic.listing import EVERYTHING, Filters
from arithmetic.models import BATCHED, CANCELLABLE, RETRIABLE, SINGLE, Batch, MathTask, MathTaskQuerySet, Status
from arithmetic.operations import canonical
from arithmetic.publisher import publisher

Action = Literal["cancel", "retry"]
STATES: dict[Action, tuple[Status, ...]] = {"cancel": CANCELLABLE, "retry": RETRIABLE}
MOST = 100_000  # tasks that one request changes or counts
SECONDS = 4.0  # for changing many; what is left is for another call. HAProxy gives an answer 7 s
CHUNK = 1_000  # rows per UPDATE: locks for milliseconds


class KeyConflict(Exception):
    """The idempotency key already stands for something else."""


class NoSuchTask(Exception):
    """There is no task with this id."""


class NotPossible(Exception):
    """The task is in a state in which that is not possible."""

    def __init__(self, sentence: str, status: str) -> None:
        super().__init__(sentence)
        self.status = status


class TooMany(Exception):
    """More tasks match than the caller was told."""

    def __init__(self, sentence: str, count: int) -> None:
        super().__init__(sentence)
        self.count = count


@dataclass(frozen=True)
class Matching:
    """How many tasks an action would change; `capped`: that many or more."""

    count: int
    capped: bool


@dataclass(frozen=True)
class Many:
    """How many tasks were changed, and whether some are left for another call: the time or the number was too much."""

    changed: int
    more: bool


def create_task(
    *, x: str, task_type: str, y: str, idempotency_key: str | None = None, request_id: str = ""
) -> tuple[MathTask, bool]:
    """Store a task and hand it to the publisher: (task, whether it is new).

    The same key with the same task gives the stored one; with another task KeyConflict.
    `x`, `y` and `task_type` are valid: forms and schemas have seen to it.
    """
    row, key = (canonical(x), task_type, canonical(y)), digest(idempotency_key)
    try:
        task = insert_one(row, key)
    except IntegrityError:
        if not idempotency_key:
            raise
        return _same_task(key, row), False
    identity = task.pk
    transaction.on_commit(lambda: publisher.put(identity, request_id), robust=True)
    return task, True


def digest(key: str | None) -> str | None:
    """The key as it is stored: a hash, since MySQL would take `Key`, `key` and `key ` for the same."""
    return hashlib.sha256(key.encode()).hexdigest() if key else None


def _same_task(key: str | None, row: Row) -> MathTask:
    stored = MathTask.objects.get(idempotency_key=key)
    if (stored.x, stored.task_type, stored.y) != row:
        raise KeyConflict("This idempotency key was used for another task; use a new key for a new task.")
    return stored


def create_batch(*, rows: Rows, idempotency_key: str | None = None, request_id: str = "") -> tuple[Batch, bool]:
    """Store all rows in one transaction and hand them to the publisher: (batch, whether it is new)."""
    fingerprint = hashlib.sha256()
    for part in rows.fingerprint_parts():
        fingerprint.update(part)
    batch = Batch(total=len(rows), idempotency_key=digest(idempotency_key), fingerprint=fingerprint.hexdigest())
    try:
        with transaction.atomic():
            batch.save(force_insert=True)
            for chunk in rows.chunks():
                insert_many(batch.pk, chunk)
            transaction.on_commit(partial(_publish_batch, batch.pk, request_id), robust=True)
    except IntegrityError:
        if not idempotency_key:
            raise
        stored = Batch.objects.get(idempotency_key=batch.idempotency_key)
        if stored.fingerprint != batch.fingerprint:
            raise KeyConflict("This idempotency key was used for another batch; use a new key for a new one.") from None
        return stored, False
    batch.refresh_from_db()  # MySQL does not give its time back
    return batch, True


def _publish_batch(batch: int, request_id: str) -> None:
    ids = MathTask.objects.filter(batch_id=batch).order_by("id").values_list("id", flat=True)
    size, last = settings.TASKS_PER_MESSAGE * max(1, CHUNK // settings.TASKS_PER_MESSAGE), 0
    while chunk := list(ids.filter(id__gt=last)[:size]):
        publisher.put_many(chunk, request_id, BATCHED)
        last = chunk[-1]


def cancel_task(task_id: int) -> MathTask:
    """Stop one task; a result that comes later is dropped."""
    return _change_one(task_id, "cancel", "cancelled")


def retry_task(task_id: int, request_id: str = "") -> MathTask:
    """Start one task over."""
    task = _change_one(task_id, "retry", "tried again")
    publish([(task.pk, task.queue)], request_id)
    return task


def _change_one(task_id: int, action: Action, done: str) -> MathTask:
    changed = _step(action)([task_id])
    task = MathTask.objects.filter(pk=task_id).first()
    if task is None:
        raise NoSuchTask(f"There is no task {task_id}.")
    if not changed:
        states = " or ".join(STATES[action])
        raise NotPossible(f"Task {task_id} is {task.status}: only a task that is {states} can be {done}.", task.status)
    return task


def _step(action: Action) -> Callable[[list[int]], int]:
    return MathTask.objects.cancel if action == "cancel" else MathTask.objects.retry


def publish(rows: list[tuple[int, str]], request_id: str) -> None:
    """Hand (id, queue) pairs to the publisher once they are committed."""
    for queue in (SINGLE, BATCHED):
        ids = [task_id for task_id, its_queue in rows if its_queue == queue]
        if ids:
            transaction.on_commit(partial(publisher.put_many, ids, request_id, queue), robust=True)


def candidates(action: Action, filters: Filters) -> MathTaskQuerySet:
    """The rows that the action would change."""
    return filters.narrow(MathTask.objects.filter(status__in=STATES[action]))


def matching(action: Action, filters: Filters = EVERYTHING) -> Matching:
    """How many tasks the action would change; counted up to a bound."""
    count = candidates(action, filters).values("pk")[: MOST + 1].count()
    return Matching(min(count, MOST), count > MOST)


def cancel_matching(*, filters: Filters, expected: int) -> Many:
    """Stop all tasks that match; TooMany where there are more than `expected`."""
    return _change_many("cancel", filters, expected, "")


def retry_matching(*, filters: Filters, expected: int, request_id: str = "") -> Many:
    """Start all failed and cancelled tasks that match over; TooMany where there are more than `expected`."""
    return _change_many("retry", filters, expected, request_id)


def _change_many(action: Action, filters: Filters, expected: int, request_id: str) -> Many:
    found = matching(action, filters)
    if found.count > expected:
        raise TooMany(f"Now {found.count:,} tasks match, and not {expected:,}: look again, then confirm.", found.count)
    changed, end = 0, time.monotonic() + SECONDS
    for status in STATES[action]:  # one status at a time: a range of one index
        last = 0
        while changed < MOST:
            if time.monotonic() > end:
                return Many(changed, more=True)
            rows = filters.narrow(MathTask.objects.filter(status=status, id__gt=last)).order_by("id")
            with walking(replace(filters, status=status).index):
                chunk = list(rows.values_list("id", "queue")[: min(CHUNK, MOST - changed)])
            if not chunk:
                break
            changed += change_these(action, chunk, request_id)
            last = chunk[-1][0]
    return Many(changed, found.capped)


def change_these(action: Action, rows: list[tuple[int, str]], request_id: str = "") -> int:
    """Cancel or retry these (id, queue) pairs as far as their states allow; how many."""
    changed = _step(action)([task_id for task_id, _ in rows])
    if action == "retry":
        publish(rows, request_id)  # one that was not changed has ended, or has a message: that finds nothing to claim
    return changed
