"""Who works on what: a claim is one small row per pool process, so that the task's own row is written once.

Every step may be repeated: each is conditional on the claim's sequence number, and its count is the answer.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from durable import counters, kinds, limits
from durable.ages import now
from durable.claimed import Claim, active
from durable.counters import Statement
from durable.events import record_attempts
from durable.kinds import Kind
from durable.queries import TaskQuerySet, among, is_whole
from durable.states import Status
from durable.words import Sentence, say
from durable.workers import SLACK, process_name, signs

LOST = gettext_noop("Its worker died or ran out of time.")
LATE = gettext_noop("It took longer than {n} s and its process was killed.")
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
    message: str = ""  # Celery's id of it: its record of a failure is found by that
    queue: str = ""  # that it came through


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
        with connection.cursor() as cursor:
            cursor.execute(*self.claiming(kind, round, ids))
            claimed = bool(cursor.rowcount)
        return claimed or self.has_claimed(kind, round, ids)

    def claiming(self, kind: Kind, round: int, ids: Sequence[int]) -> Statement:
        """The UPDATE that does so, if the number is higher than the row's."""
        what = {"seq": self.seq, "kind": kind.name, "round": round, "first": min(ids), "last": max(ids)}
        what["ids"] = "" if is_whole(ids) else listing(ids)
        names = ", ".join(f"{connection.ops.quote_name(name)} = %s" for name in what)
        sql = f"UPDATE durable_claim SET {names}, start_time = {now()}, progress_task = NULL, late_task = NULL "  # noqa: S608
        return f"{sql}WHERE worker = %s AND seq < %s", [*what.values(), self.name, self.seq]

    def has_claimed(self, kind: Kind, round: int, ids: Sequence[int]) -> bool:
        """Whether it is taken all the same, where the UPDATE has found no row."""
        mine = Claim.objects.filter(worker=self.name)
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


def open_ids(kind: Kind, round: int, ids: Sequence[int]) -> set[int]:
    """Those that have not ended, been cancelled or gone into another round."""
    return set(kind.model.objects.filter(among(ids), status=Status.CREATED, round=round).values_list("id", flat=True))


def free_ids(kind: Kind, round: int, ids: Sequence[int]) -> list[int]:
    """Those of them that nobody has claimed."""
    return list(
        kind.model.objects.waiting().filter(among(ids), round=round).order_by("id").values_list("id", flat=True)
    )


def keep(held: Held, ids: Sequence[int]) -> int:
    """Hold no more than these of what was claimed; none ends the claim, and 0 says that it had ended before."""
    ids_or_none = listing(ids) if ids else None
    return Claim.objects.filter(worker=held.worker, seq=held.seq, ids__isnull=False).update(ids=ids_or_none)


def release(claim: Claim) -> list[tuple[int, str]]:
    """Give back what a claim holds whose process is gone, counted as an attempt.

    (id, queue) of what is not put off by the kind's backoff: to be published at once, one by one.

    The claim goes first: if its process lives after all, its outcome finds no claim, and writes nothing.
    """
    if claim.ids is None or claim.kind not in kinds.registry:
        return []
    kind, soon, sentence = kinds.get(claim.kind), list[tuple[int, str]](), None
    held = tasks_of(claim)
    with transaction.atomic():
        if not Claim.objects.filter(worker=claim.worker, seq=claim.seq, ids__isnull=False).update(ids=None):
            return []
        # What was late was its process's end. Else any of them may have been: each is counted, and comes back alone.
        if claim.late_task is not None and held.filter(pk=claim.late_task).exists():
            others, held = held.exclude(pk=claim.late_task), held.filter(pk=claim.late_task)
            soon += others.values_list("id", "queue")
            others.update(round=F("round") + 1, update_time=Now())
            sentence = say(LATE, n=limits.told(kind))
        found = sorted(held.values_list("attempts", "queue", "id"))
        for (attempts, queue), group in groupby(found, key=lambda row: row[:2]):
            lost = [row[2] for row in group]
            if died(claim, held.filter(attempts=attempts, queue=queue), attempts + 1, lost, queue, sentence):
                soon += [(identity, queue) for identity in lost]
    return soon


def tasks_of(claim: Claim) -> TaskQuerySet:
    """The rows that a claim covers, as far as they are open in its round."""
    rows: TaskQuerySet = kinds.get(claim.kind).model.objects.filter(
        among(ids_of(claim)), status=Status.CREATED, round=claim.round
    )
    return rows


def died(
    claim: Claim, rows: TaskQuerySet, attempt: int, ids: Sequence[int], queue: str, late: Sentence | None = None
) -> bool:
    """Write that this attempt at these rows ended with their process; whether the next one is to be made at once."""
    kind = rows.kind
    last = attempt >= kind.max_attempts
    error = late or (say(DIED, n=kind.max_attempts) if last else say(LOST))
    seconds = 0.0 if last else kind.pause(attempt)
    reason = [error.template, error.values] if error.values else None
    changes: dict[str, Any] = {"error": error, "reason": reason, "attempts": attempt, "update_time": Now()}
    if last:
        changes |= {"status": Status.FAILED, "worker": claim.worker, "start_time": claim.start_time}
    else:
        changes |= {"round": F("round") + 1}
        changes |= {"status": Status.SCHEDULED, "due_time": Now() + timedelta(seconds=seconds)} if seconds else {}
    record_attempts(kind.name, claim.worker, error, ((identity, attempt) for identity in ids))
    changed = rows.filter(among(ids)).update(**changes)
    counters.count(kind.name, process_name(), queue, **{"failed" if last else "again": changed})
    return not (last or seconds)


def lost() -> list[Claim]:
    """The claims that nobody works on any more: the process is gone, or its time has long been over."""
    held = list(Claim.objects.filter(ids__isnull=False).annotate(now=Now()))
    if not held:
        return []
    live, witnessed = signs()
    return [claim for claim in held if overtime(claim) or gone(claim, live, witnessed)]


def overtime(claim: Any) -> bool:
    """Whether its process should have been killed long ago."""
    if claim.kind not in kinds.registry or claim.start_time is None:
        return False
    limit = timedelta(seconds=limits.hard(kinds.get(claim.kind)))
    return bool(claim.now - claim.start_time > limit + OVERTIME)


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
