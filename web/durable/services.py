"""What people do with tasks: the rows first, then their messages."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any, Literal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from durable.batches import Rows
from durable.celery.broker import BATCHED
from durable.indexes import walking
from durable.inserts import insert_many, insert_one
from durable.kinds import Kind
from durable.listing import BIGGEST_ID, EVERYTHING, Filters, one
from durable.models import CANCELLABLE, RETRIABLE, Batch, Status, TaskQuerySet, among
from durable.publisher import publisher
from durable.words import Sentence, say

Action = Literal["cancel", "retry"]
STATES: dict[Action, tuple[Status, ...]] = {"cancel": CANCELLABLE, "retry": RETRIABLE}
STORED: dict[Action, tuple[Status, ...]] = {"cancel": (Status.CREATED,), "retry": RETRIABLE}  # as the rows have them
DONE: dict[Action, str] = {"cancel": gettext_noop("cancelled"), "retry": gettext_noop("tried again")}
MOST = 100_000  # tasks that one request changes or counts
SECONDS = 4.0  # for changing many; what is left is for another call. HAProxy gives an answer 7 s
CHUNK = 1_000  # rows per UPDATE: locks for milliseconds
PUBLISHED = 10_000  # ids that are read at once to be published


class KeyConflict(Exception):
    """The idempotency key already stands for something else."""


class NoSuchTask(Exception):
    """There is no task with this id."""


class NotPossible(Exception):
    """The task is in a state in which that is not possible."""

    def __init__(self, sentence: Sentence, status: str) -> None:
        super().__init__(sentence)
        self.status = status


class TooMany(Exception):
    """More tasks match than the caller was told."""

    def __init__(self, sentence: Sentence, count: int) -> None:
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
    *, kind: Kind, values: Mapping[str, Any], idempotency_key: str | None = None, request_id: str = ""
) -> tuple[Any, bool]:
    """Store a task and hand it to the publisher: (task, whether it is new).

    The same key with the same task gives the stored one; with another task KeyConflict.
    `values` are the inputs by name, as `kind.check` gave them; what may be left out may be left out.
    """
    inputs, key = (
        [values[name] if name in values else kind.optional[name] for name in kind.inputs],
        digest(idempotency_key),
    )
    try:
        task = insert_one(kind, inputs, key)
    except IntegrityError:
        if not idempotency_key:
            raise
        return _same_task(kind, key, inputs), False
    put = partial(publisher.put, kind.name, task.pk, request_id)
    transaction.on_commit(put, robust=True)
    return task, True


def digest(key: str | None) -> str | None:
    """The key as it is stored: a hash, since MySQL would take `Key`, `key` and `key ` for the same."""
    return hashlib.sha256(key.encode()).hexdigest() if key else None


def _same_task(kind: Kind, key: str | None, inputs: Sequence[Any]) -> Any:
    stored = kind.model.objects.shown().get(idempotency_key=key)
    if kind.prepare([getattr(stored, name) for name in kind.inputs]) != kind.prepare(inputs):
        used = gettext_noop("This idempotency key was used for another task; use a new key for a new task.")
        raise KeyConflict(say(used))
    return stored


def create_batch(
    *, kind: Kind, rows: Rows, idempotency_key: str | None = None, request_id: str = ""
) -> tuple[Batch, bool]:
    """Store all rows in one transaction and hand them to the publisher: (batch, whether it is new)."""
    key, fingerprint = digest(idempotency_key), rows.fingerprint(kind.name)
    batch = Batch(kind=kind.name, total=len(rows), idempotency_key=key, fingerprint=fingerprint)
    try:
        with transaction.atomic():
            batch.save(force_insert=True)
            stored = sum(insert_many(kind, batch.pk, chunk) for chunk in rows.chunks())
            if stored != len(rows):
                raise AssertionError(f"{len(rows)} rows were to be stored, the database tells of {stored}")
            transaction.on_commit(partial(_publish_batch, kind, batch.pk, request_id), robust=True)
    except IntegrityError:
        if not idempotency_key:
            raise
        return _same_batch(batch), False
    batch.refresh_from_db()  # MySQL does not give its time back
    return batch, True


def _same_batch(batch: Batch) -> Batch:
    stored = Batch.objects.get(idempotency_key=batch.idempotency_key)
    same = stored.fingerprint == batch.fingerprint
    if not stored.fingerprint:  # of version 1.0.0, which took it from other bytes
        same = (stored.kind, stored.total) == (batch.kind, batch.total)
    if not same:
        used = gettext_noop("This idempotency key was used for another batch; use a new key for a new one.")
        raise KeyConflict(say(used))
    return stored


def _publish_batch(kind: Kind, batch: int, request_id: str) -> None:
    ids, last = kind.model.objects.filter(batch_id=batch).order_by("id").values_list("id", flat=True), 0
    while chunk := list(ids.filter(id__gt=last)[:PUBLISHED]):
        publisher.put_many(kind.name, 0, chunk, request_id, BATCHED)
        last = chunk[-1]


def cancel_task(*, kind: Kind, task_id: int) -> Any:
    """Stop one task; a result that comes later is dropped."""
    return _change_one(kind, task_id, "cancel")


def retry_task(*, kind: Kind, task_id: int, request_id: str = "") -> Any:
    """Start one task over."""
    task = _change_one(kind, task_id, "retry")
    publish(kind, [(task.queue, task.round, task.pk)], request_id)
    return task


def _change_one(kind: Kind, task_id: int, action: Action) -> Any:
    changed = _step(kind, action, [task_id]) if 0 < task_id <= BIGGEST_ID else 0
    task = one(kind, task_id)
    if task is None:
        raise NoSuchTask(no_task(task_id))
    if not changed:
        first, second = map(str, STATES[action])
        sentence = gettext_noop("Task {id} is {status}: only a task that is {these} or {those} can be {done}.")
        values = {"id": task_id, "status": str(task.status), "these": first, "those": second, "done": DONE[action]}
        raise NotPossible(say(sentence, **values), task.status)
    return task


def no_task(task_id: int) -> Sentence:
    """There is none."""
    return say(gettext_noop("There is no task {id}."), id=task_id)


def _step(kind: Kind, action: Action, ids: Sequence[int]) -> int:
    rows: TaskQuerySet = kind.model.objects.all()
    return rows.cancel(ids) if action == "cancel" else rows.retry(ids)


def publish(kind: Kind, rows: Sequence[tuple[str, int, int]], request_id: str) -> None:
    """Hand (queue, round, id) to the publisher once they are committed."""
    for (queue, round), group in groupby(sorted(rows), key=lambda row: row[:2]):
        ids = [row[2] for row in group]
        put = partial(publisher.put_many, kind.name, round, ids, request_id, queue)
        transaction.on_commit(put, robust=True)


def candidates(kind: Kind, action: Action, filters: Filters) -> TaskQuerySet:
    """The rows that the action would change."""
    return filters.narrow(kind.model.objects.filter(status__in=STORED[action]))


def matching(*, kind: Kind, action: Action, filters: Filters = EVERYTHING) -> Matching:
    """How many tasks the action would change; counted up to a bound."""
    count = candidates(kind, action, filters).values("pk")[: MOST + 1].count()
    return Matching(min(count, MOST), count > MOST)


def cancel_matching(*, kind: Kind, filters: Filters, expected: int) -> Many:
    """Stop all tasks that match; TooMany where there are more than `expected`."""
    return _change_many(kind, "cancel", filters, expected, "")


def retry_matching(*, kind: Kind, filters: Filters, expected: int, request_id: str = "") -> Many:
    """Start all failed and cancelled tasks that match over; TooMany where there are more than `expected`."""
    return _change_many(kind, "retry", filters, expected, request_id)


def _change_many(kind: Kind, action: Action, filters: Filters, expected: int, request_id: str) -> Many:
    found = matching(kind=kind, action=action, filters=filters)
    if found.count > expected:
        sentence = gettext_noop("Now {count} tasks match, and not {expected}: look again, then confirm.")
        raise TooMany(say(sentence, count=f"{found.count:,}", expected=f"{expected:,}"), found.count)
    changed, end = 0, time.monotonic() + SECONDS
    for status in STORED[action]:  # one status at a time: a range of one index
        last = 0
        while changed < MOST:
            if time.monotonic() > end:
                return Many(changed, more=True)
            chunk = _next_ids(kind, status, filters, last, min(CHUNK, MOST - changed))
            if not chunk:
                break
            changed += change_these(kind, action, chunk, request_id)
            last = chunk[-1]
    return Many(changed, found.capped)


def _next_ids(kind: Kind, status: Status, filters: Filters, last: int, size: int) -> list[int]:
    rows = filters.narrow(kind.model.objects.filter(status=status, id__gt=last)).order_by("id")
    walked = filters if filters.status == Status.PENDING else replace(filters, status=status)
    with walking(kind, *walked.columns):
        return list(rows.values_list("id", flat=True)[:size])


def change_these(kind: Kind, action: Action, ids: Sequence[int], request_id: str = "") -> int:
    """Cancel or retry these as far as their states allow; how many."""
    changed = _step(kind, action, ids)
    if action == "retry" and changed:
        open_rows = kind.model.objects.filter(among(ids), status=Status.CREATED)
        # one that was not changed has a message already: this one finds nothing to claim, or yields
        publish(kind, list(open_rows.values_list("queue", "round", "id")), request_id)
    return changed
