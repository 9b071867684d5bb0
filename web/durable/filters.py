"""What a list of tasks is narrowed to, and which index serves that."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection, models
from django.utils import timezone

from durable.inserts import moment as read_moment
from durable.kinds import Kind
from durable.queries import TaskQuerySet
from durable.states import Status

# Rows get their ids and their times in nearly the same order: so far apart may two be that stand the other way round.
DISORDER = timedelta(seconds=10)


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; empty values are no filter. `values`: those of the kind's own filters, by name."""

    status: str = ""
    batch: int | None = None
    values: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    worker: str = ""
    created_from: datetime | None = None
    created_to: datetime | None = None  # and not at this moment itself

    @property
    def equal(self) -> dict[str, Any]:
        """Columns that have to have a value, the kind's own first."""
        more = {"error": self.error, "worker": self.worker}
        return {**self.values, **{name: value for name, value in more.items() if value}}

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the index whose order is that of the list; none for the primary key."""
        if self.status == Status.PENDING:
            return ()  # few, and found by their claims
        if self.batch is not None:
            return ("batch", "status") if self.status else ("batch",)
        return ("status",) if self.status else tuple(self.values)[:1]

    @property
    def uncovered(self) -> dict[str, Any]:
        """The part that the index does not serve."""
        if self.status == Status.PENDING:
            return {}
        return {name: value for name, value in self.equal.items() if name not in self.columns}

    def __str__(self) -> str:
        times = {"created_from": self.created_from, "created_to": self.created_to}
        told = {"status": self.status, "batch": self.batch or "", **self.equal}
        told |= {name: moment.isoformat() if moment else "" for name, moment in times.items()}
        return " ".join(f"{name}={value}" for name, value in told.items() if value != "")

    def narrow(self, rows: TaskQuerySet, without: Collection[str] = ()) -> TaskQuerySet:
        """The rows that match, some of the columns left out."""
        if self.status:
            rows = in_state(rows, self.status)
        if self.batch is not None:
            rows = rows.filter(batch_id=self.batch)
        if self.created_from:
            first = first_since(rows.kind, self.created_from - DISORDER)
            rows = rows.filter(id__gte=first, create_time__gte=self.created_from)
        if self.created_to:
            end = first_since(rows.kind, self.created_to + DISORDER)
            rows = rows.filter(id__lt=end, create_time__lt=self.created_to)
        wanted = {name: value for name, value in self.equal.items() if name not in without}
        if self.status == Status.PENDING and "worker" in wanted:  # no row says so
            rows = rows.alias(held_by=rows.told("holder", models.CharField())).filter(held_by=wanted.pop("worker"))
        return rows.filter(**wanted)

    def match(self, task: Any) -> bool:
        """Whether this one does."""
        return (
            self.status in ("", task.status)
            and self.batch in (None, task.batch_id)
            and (self.created_from is None or task.create_time >= self.created_from)
            and (self.created_to is None or task.create_time < self.created_to)
            and all(getattr(task, name) == value for name, value in self.equal.items())
        )


EVERYTHING = Filters()


def in_state(rows: TaskQuerySet, status: str) -> TaskQuerySet:
    """The rows that are in a state, as people see it."""
    if status == Status.PENDING:
        return rows.running()
    return rows.waiting() if status == Status.CREATED else rows.filter(status=status)


def first_since(kind: Kind, moment: datetime) -> int:
    """The id from which on rows were created at this moment or later.

    No index has the times. The primary key has nearly their order, so that halving finds the place: about as many looks
    at one row as the number of rows has bits, and for a moment that has passed only once.
    """
    return settled(kind, moment) if moment < timezone.now() - DISORDER else halved(kind, moment)


@lru_cache(maxsize=256)
def settled(kind: Kind, moment: datetime) -> int:
    """The same of a moment after which no row can come in before others."""
    return halved(kind, moment)


def halved(kind: Kind, moment: datetime) -> int:
    """Look for it."""
    low, high = ends(kind)
    while low < high:
        middle = (low + high) // 2
        found = row_from(kind, middle)
        if found is None or found[1] >= moment:
            high = middle
        else:
            low = found[0] + 1
    return low


def ends(kind: Kind) -> tuple[int, int]:
    """The first id, and the one after the last."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT MIN(id), MAX(id) FROM {kind.table}")  # noqa: S608
        first, last = cursor.fetchone()
    return (first or 0), (last or 0) + 1


def row_from(kind: Kind, identity: int) -> tuple[int, datetime] | None:
    """The first row that has this id or a later one. In SQL of its own: see indexes.walking."""
    sql = f"SELECT id, create_time FROM {kind.table} WHERE id >= %s ORDER BY id LIMIT 1"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [identity])
        found = cursor.fetchone()
    return (int(found[0]), read_moment(found[1])) if found else None
