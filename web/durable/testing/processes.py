"""Pool processes and their workers, played by the tests' own one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

from django.db.models.functions import Now

from durable import taking
from durable.claimed import Claim
from durable.claims import Held, Process
from durable.kinds import Kind
from durable.models import Worker
from durable.runs import Run


@contextmanager
def acting(process: Process) -> Iterator[None]:
    """What claims in this block is that process."""
    with mock.patch("durable.claims.this_process", lambda: process):
        yield


def take(process: Process, kind: Kind, ids: Sequence[int], round: int = 0) -> tuple[Held, list[Any]]:
    """Claim a message and read the rows that are this process's to work on."""
    held = claim(process, kind, ids, round)
    return held, taking.rows(held, ids)


def claim(process: Process, kind: Kind, ids: Sequence[int], round: int = 0) -> Held:
    """Claim a message, and no more."""
    held = Held(process.name, process.next(), kind, round)
    assert process.claim(kind, round, ids)
    return held


def run(process: Process, kind: Kind, ids: Sequence[int], round: int = 0) -> Run:
    """Do a message's work from its claim to its outcome."""
    work = Run(kind, round, ids)
    with acting(process):
        work.go()
    return work


def sign(name: str, pids: Sequence[int], since: float = 60, beat: float = 0) -> None:
    """A worker with these pool processes has signed since then, and last then, in seconds ago."""
    times = {"since_time": ago(since), "beat_time": ago(beat)}
    Worker.objects.update_or_create(name=name, defaults={"pids": list(pids), **times})


def claimed_since(process: Process, seconds: float) -> None:
    """Have what the process holds claimed so many seconds ago."""
    Claim.objects.filter(worker=process.name).update(start_time=ago(seconds))


def ago(seconds: float) -> Any:
    """A moment before now, by the database's clock."""
    return Now() - timedelta(seconds=seconds)
