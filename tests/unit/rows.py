"""Rows in the states that the tests begin with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import OperationalError, connection

from arithmetic.models import MathTask, Status, Worker


def ago(seconds: float) -> datetime:
    """A moment in the past."""
    return datetime.now(UTC) - timedelta(seconds=seconds)


def store(count: int = 1, **fields: Any) -> list[int]:
    """Store `count` tasks (1 add 2, or as given) and return their ids."""
    ids = [MathTask.objects.create(**{"x": "1", "task_type": "add", "y": "2"}).pk for _ in range(count)]
    MathTask.objects.filter(pk__in=ids).update(**{"status": Status.CREATED, **fields})
    return ids


def held(worker: str, count: int = 1, attempts: int = 1, claimed: float = 60) -> list[int]:
    """Store tasks that `worker` claimed so many seconds ago."""
    return store(count, status=Status.PENDING, worker=worker, attempts=attempts, start_time=ago(claimed))


def sign(name: str, pids: list[int], since: float = 60, beat: float = 0) -> None:
    """Store a worker that has signed since then and last signed then, in seconds ago."""
    Worker.objects.create(name=name, pids=pids, since_time=ago(since), beat_time=ago(beat))


def states(ids: list[int]) -> list[str]:
    """The status of each task, in the order of the ids."""
    found = dict(MathTask.objects.filter(pk__in=ids).values_list("pk", "status"))
    return [found[task_id] for task_id in ids]


@contextmanager
def database_away(times: float = float("inf"), after: int = 0) -> Iterator[list[str]]:
    """As when the server is gone: OperationalError for `times` statements, the first `after` excepted; the refused."""
    refused: list[str] = []
    answered: list[str] = []

    def refuse(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if len(answered) >= after and len(refused) < times:
            refused.append(sql)
            raise OperationalError(2006, "Server has gone away")
        answered.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        yield refused
