"""Who works on what: a claim is one small row per pool process, so that the task's own row is written once.

Every step may be repeated: each is conditional on the claim's sequence number, and its count is the answer.
"""

import os
from collections import namedtuple
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from durable import kinds
from durable.kinds import Kind
from durable.models import Claim, Status, active, among
from durable.words import say
from durable.workers import SLACK, process_name, signs

DIED = gettext_noop("Its worker died or ran out of time, {n} times in a row. The task is not tried again.")
# Above the hard limit, at which Celery kills the process: what is still held then, nobody works on.
OVERTIME = timedelta(seconds=5)


@dataclass(frozen=True)
class Held:
    """A claim of this process: the fence of all that it writes."""

    worker: str
    seq: int
    kind: Kind
    round: int


@cache
def light(kind: Kind) -> Any:
    """The class of the rows that `perform` gets: id, attempts, round, the inputs, and `key`."""

    # Its fields are the model's, which no type checker sees.
    base: Any = namedtuple("Row", ("id", "attempts", "round", *kind.inputs))  # type: ignore[misc]

    class Row(base):
        __slots__ = ()
        id: int
        round: int

        @property
        def key(self) -> str:
            """The idempotency key for effects outside of the database: the same for each try of one round."""
            return f"{kind.name}-{self.id}-{self.round}"

    return Row


class Process:
    """A pool process's row in the table of claims."""

    def __init__(self, name: str = "") -> None:
        self.pid, self.name, self.seq = os.getpid(), name or process_name(), 0

    def next(self) -> int:
        """The number of the next claim. What an earlier process of this very name held is given back, for the sweep."""
        if not self.seq:
            claim, _ = Claim.objects.get_or_create(worker=self.name)
            release(claim)
            self.seq = claim.seq
        self.seq += 1
        return self.seq

    def claim(self, kind: Kind, round: int, ids: Sequence[int]) -> bool:
        """Take a message under the number that `next` gave; False if it was taken and released since."""
        first, last = min(ids), max(ids)
        listed = "" if len(set(ids)) == last - first + 1 else listing(ids)
        what = {"kind": kind.name, "round": round, "first": first, "last": last, "ids": listed, "start_time": Now()}
        mine = Claim.objects.filter(worker=self.name)
        if mine.filter(seq__lt=self.seq).update(seq=self.seq, **what):
            return True
        if not mine.exists():  # taken for dead while it had nothing to do, and removed
            Claim.objects.create(worker=self.name, seq=self.seq - 1)
            return self.claim(kind, round, ids)
        return mine.filter(seq=self.seq, ids__isnull=False).exists()  # the answer to the first try was lost


_process: Process | None = None


def this_process() -> Process:
    """The one of this pool process; its child has another."""
    global _process
    if _process is None or _process.pid != os.getpid():
        _process = Process()
    return _process


def listing(ids: Iterable[int]) -> str:
    """Ids as a claim keeps them."""
    return f",{','.join(map(str, ids))},"


def ids_of(claim: Claim) -> Sequence[int]:
    """What it covers."""
    return [int(part) for part in (claim.ids or "").split(",") if part] or range(claim.first, claim.last + 1)


def rows(held: Held, ids: Sequence[int]) -> list[Any]:
    """The claimed rows that are there to be worked on: open, of the claim's round, and under no other claim.

    Read after the claim is committed: of two processes that claim the same id, one at least sees the other, and it
    yields. What both yield, the sweep brings back.
    """
    names = ("id", "attempts", "round", *held.kind.inputs)
    tasks = held.kind.model.objects
    alone = tasks.all().told("free_but", worker=held.worker)
    open_rows = tasks.filter(alone, among(ids), status=Status.CREATED, round=held.round)
    found = [light(held.kind)(*row) for row in open_rows.values_list(*names).order_by("id")]
    if len(found) < len(ids):
        keep(held, [row.id for row in found])
    return found


def keep(held: Held, ids: Sequence[int]) -> int:
    """Hold no more than these of what was claimed; none ends the claim, and 0 says that it had ended before."""
    ids_or_none = listing(ids) if ids else None
    return Claim.objects.filter(worker=held.worker, seq=held.seq, ids__isnull=False).update(ids=ids_or_none)


def release(claim: Claim) -> list[tuple[int, str]]:
    """Give back what a claim holds whose process is gone, counted as an attempt; (id, queue), to publish one by one.

    The claim goes first: if its process lives after all, its outcome finds no claim, and writes nothing.
    """
    if claim.ids is None or claim.kind not in kinds.registry:
        return []
    kind = kinds.get(claim.kind)
    died = say(DIED, n=kind.max_attempts)
    held = kind.model.objects.filter(among(ids_of(claim)), status=Status.CREATED, round=claim.round)
    with transaction.atomic():
        if not Claim.objects.filter(worker=claim.worker, seq=claim.seq, ids__isnull=False).update(ids=None):
            return []
        held.filter(attempts__gte=kind.max_attempts - 1).update(
            status=Status.FAILED, error=died, reason=[died.template, died.values], attempts=F("attempts") + 1,
            worker=claim.worker, start_time=claim.start_time, update_time=Now(),
        )  # fmt: skip
        found = list(held.values_list("id", "queue"))
        held.update(round=F("round") + 1, attempts=F("attempts") + 1, update_time=Now())
    return found


def lost() -> list[Claim]:
    """The claims that nobody works on any more: the process is gone, or its time has long been over."""
    held = list(Claim.objects.filter(ids__isnull=False))
    if not held:
        return []
    live, witnessed = signs()
    limit = timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT) + OVERTIME
    late = Claim.objects.filter(start_time__lt=Now() - limit, ids__isnull=False)
    overtime = set(late.values_list("worker", "seq"))
    return [claim for claim in held if (claim.worker, claim.seq) in overtime or gone(claim, live, witnessed)]


def gone(claim: Claim, live: dict[str, Any], witnessed: bool) -> bool:
    """Whether its process is: its worker does not list it any more, or does not sign any more."""
    node, _, pid = claim.worker.rpartition("/")
    sign = live.get(node)
    if sign is None:
        return witnessed
    return int(pid) not in sign.pids and started_before(claim, sign.beat_time - SLACK)


def started_before(claim: Claim, moment: datetime) -> bool:
    """Whether it had begun by then."""
    return claim.start_time is not None and claim.start_time < moment


class Covered:
    """What claims cover, for many rows at once."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self.parts = [(claim.round, claim.first, claim.last, set(ids_of(claim))) for claim in claims]

    def covers(self, identity: int, round: int) -> bool:
        """Whether a row is under one of them."""
        return any(
            round == its_round and first <= identity <= last and identity in ids
            for its_round, first, last, ids in self.parts
        )


def covered(kind: Kind) -> Covered:
    """What is claimed now."""
    return Covered(active(kind))
