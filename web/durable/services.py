"""What is asked for is stored: the rows first, then their messages."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from durable import bounds, schedule
from durable.batches import Rows
from durable.by import NOBODY, By
from durable.celery.broker import BATCHED
from durable.events import record
from durable.indexes import walking
from durable.inserts import insert_many, insert_one
from durable.keys import digest, is_stored
from durable.kinds import Kind
from durable.models import FILE_NAME, Batch
from durable.publisher import publisher
from durable.states import Status
from durable.words import say

PUBLISHED = 10_000  # ids that are read at once to be published


class KeyConflict(Exception):
    """The idempotency key already stands for something else."""


def create_task(
    *,
    kind: Kind,
    values: Mapping[str, Any],
    run_after: Any = None,
    idempotency_key: str | None = None,
    by: By = NOBODY,
) -> tuple[Any, bool]:
    """Store a task and hand it to the publisher, or let it wait for its time: (task, whether it is new).

    `run_after`: seconds, a timedelta, a time with its zone, or what schedule.read takes besides; Refused otherwise.
    The same key of the same principal with the same task gives the stored one, whatever `run_after` was; with another
    task KeyConflict. bounds.Full where too many wait.
    `values` are the inputs by name, as `kind.check` gave them; what may be left out may be left out.
    """
    inputs = [values[name] if name in values else kind.optional[name] for name in kind.inputs]
    key, wanted = digest(idempotency_key, by), schedule.read(run_after)
    due = None if wanted is None else schedule.due(wanted, schedule.clock())
    bounds.admit(1 if due is None else 0, partial(is_stored, kind.model, key))
    try:
        task = insert_one(kind, inputs, key, by, due)
    except IntegrityError:
        if not idempotency_key:
            raise
        return _same_task(kind, key, inputs), False
    if due is None:
        bounds.stored(kind, 1)
        put = partial(publisher.put, kind.name, task.pk, by.request_id)
        transaction.on_commit(put, robust=True)
    return task, True


def _same_task(kind: Kind, key: str | None, inputs: Sequence[Any]) -> Any:
    stored = kind.model.objects.shown().get(idempotency_key=key)
    if kind.prepare([getattr(stored, name) for name in kind.inputs]) != kind.prepare(inputs):
        used = gettext_noop("This idempotency key was used for another task; use a new key for a new task.")
        raise KeyConflict(say(used))
    return stored


def create_batch(
    *, kind: Kind, rows: Rows, idempotency_key: str | None = None, by: By = NOBODY, file_name: str = ""
) -> tuple[Batch, bool]:
    """Store all rows in one transaction and hand them to the publisher: (batch, whether it is new)."""
    key, fingerprint = digest(idempotency_key, by), rows.fingerprint(kind.name)
    who = {"created_by": by.name, "request_id": by.request_id, "file_name": file_name[:FILE_NAME]}
    batch = Batch(kind=kind.name, total=len(rows), idempotency_key=key, fingerprint=fingerprint, **who)
    at_once, now = len(rows) - rows.later, schedule.clock() if rows.later else None
    bounds.admit(at_once, partial(is_stored, Batch, key))
    try:
        with transaction.atomic():
            batch.save(force_insert=True)
            stored = sum(insert_many(kind, batch.pk, chunk, by.name, now) for chunk in rows.chunks())
            if stored != len(rows):
                raise AssertionError(f"{len(rows)} rows were to be stored, the database tells of {stored}")
            record("batch", by, kind=kind.name, subject=str(batch.pk), count=stored)
            transaction.on_commit(partial(_publish_batch, kind, batch.pk, by.request_id), robust=True)
    except IntegrityError:
        if not idempotency_key:
            raise
        return _same_batch(batch), False
    bounds.stored(kind, at_once)
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
    rows, last = kind.model.objects.filter(batch_id=batch, status=Status.CREATED).order_by("id"), 0
    while True:
        with walking(kind, "batch", "status"):
            chunk = list(rows.filter(id__gt=last).values_list("id", flat=True)[:PUBLISHED])
        if not chunk:
            return
        publisher.put_many(kind.name, 0, chunk, request_id, BATCHED)
        last = chunk[-1]
