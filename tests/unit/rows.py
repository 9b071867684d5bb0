"""Rows in the states that the tests begin with."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import OperationalError, connection

from arithmetic.models import MathTask
from durable.claimed import Claim
from durable.claims import Held, Process, listing
from durable.models import Worker
from durable.outcomes import Outcomes
from durable.states import Status
from durable.taking import rows as claimed_rows

KIND = MathTask.kind


def ago(seconds: float) -> datetime:
    """A moment in the past."""
    return datetime.now(UTC) - timedelta(seconds=seconds)


def store(count: int = 1, **fields: Any) -> list[int]:
    """Store `count` tasks (1 add 2, or as given) and return their ids."""
    assert fields.get("status") != Status.PENDING, "no row says so: see held()"
    ids = [MathTask.objects.create(**{"x": "1", "task_type": "add", "y": "2"}).pk for _ in range(count)]
    MathTask.objects.filter(pk__in=ids).update(**{"status": Status.CREATED, **fields})
    return ids


def held(worker: str, count: int = 1, attempts: int = 0, claimed: float = 60, **fields: Any) -> list[int]:
    """Store tasks that `worker` claimed so many seconds ago, beside those that it holds already."""
    ids = store(count, attempts=attempts, **fields)
    claim, _ = Claim.objects.get_or_create(worker=worker, defaults={"seq": 1, "kind": KIND.name, "ids": ","})
    every = [*(int(part) for part in (claim.ids or "").split(",") if part), *ids]
    claim.first, claim.last, claim.ids, claim.start_time = min(every), max(every), listing(every), ago(claimed)
    claim.save()
    return ids


def take(worker: str, ids: Sequence[int], round: int = 0) -> tuple[Held, list[Any]]:
    """Claim a message as a pool process of that name does: the claim, and the rows that are its own."""
    process = Process(worker)
    seq = process.next()
    assert process.claim(KIND, round, ids)
    claim = Held(worker, seq, KIND, round)
    return claim, claimed_rows(claim, ids)


def results(ids: list[int], result: str = "3") -> Outcomes:
    """Outcomes that all succeed with it."""
    return Outcomes(results=[(task_id, 1000, result) for task_id in ids])


def sign(name: str, pids: list[int], since: float = 60, beat: float = 0) -> None:
    """Store a worker that has signed since then and last signed then, in seconds ago."""
    Worker.objects.create(name=name, pids=pids, since_time=ago(since), beat_time=ago(beat))


def states(ids: list[int]) -> list[str]:
    """The status of each task as people see it, in the order of the ids."""
    found = {task.pk: str(task.status) for task in MathTask.objects.shown().filter(pk__in=ids)}
    return [found[task_id] for task_id in ids]


@contextmanager
def database_away(times: float = float("inf")) -> Iterator[list[str]]:
    """Each of the next `times` statements raises OperationalError, as when the server is gone; the refused ones."""
    refused: list[str] = []

    def refuse(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if len(refused) < times:
            refused.append(sql)
            raise OperationalError(2006, "Server has gone away")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        yield refused
