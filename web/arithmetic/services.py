"""What people do with tasks: the row first, then its message."""

import hashlib

from django.db import IntegrityError, transaction

from arithmetic.models import MathTask
from arithmetic.operations import canonical
from arithmetic.publisher import publisher


class KeyConflict(Exception):
    """The idempotency key already stands for another task."""


def create_task(
    *, x: str, task_type: str, y: str, idempotency_key: str | None = None, request_id: str = ""
) -> tuple[MathTask, bool]:
    """Store a task and hand it to the publisher: (task, whether it is new).

    The same key with the same task gives the stored one; with another task KeyConflict.
    `x`, `y` and `task_type` are valid: forms and schemas have seen to it.
    """
    task = MathTask(x=x, task_type=task_type, y=y, idempotency_key=digest(idempotency_key))
    try:
        task.save(force_insert=True)  # autocommit: one round trip
    except IntegrityError:
        if not idempotency_key:
            raise
        return _same_task(task), False
    identity = task.pk
    transaction.on_commit(lambda: publisher.put(identity, request_id), robust=True)
    return task, True


def digest(key: str | None) -> str | None:
    """The key as it is stored: a hash, since MySQL would take `Key`, `key` and `key ` for the same."""
    return hashlib.sha256(key.encode()).hexdigest() if key else None


def _same_task(task: MathTask) -> MathTask:
    stored = MathTask.objects.get(idempotency_key=task.idempotency_key)
    same = (stored.task_type, stored.x, stored.y) == (task.task_type, canonical(task.x), canonical(task.y))
    if not same:
        raise KeyConflict("This idempotency key was used for another task; use a new key for a new task.")
    return stored
