"""Taking a message: its claim, and then what of it is to be performed; on MySQL in one round trip."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from django.db import connection
from django.db.models import Q

from durable.ages import waited
from durable.claimed import WORKER
from durable.claims import Held, Process, keep
from durable.counters import Statement
from durable.kinds import Kind
from durable.light import light
from durable.queries import is_whole
from durable.states import Status

Rows = Iterable[Sequence[Any]]
ROUND = 2_000_000_000  # stands for the round in what is compiled; -1, -2, -3 ... stand for ids


def take(process: Process, held: Held, ids: Sequence[int]) -> list[Any] | None:
    """Claim a message under the number that `next` gave; what of it is there to be worked on.

    None if it was taken and released since. May be repeated after a lost answer.
    """
    if connection.vendor != "mysql":
        return rows(held, ids) if process.claim(held.kind, held.round, ids) else None
    reading = reading_of(held, ids)
    (claim, its_values), (select, values) = process.claiming(held.kind, held.round, ids), reading.of(held, ids)
    with connection.cursor() as cursor:
        cursor.execute(f"{claim}; {select}", [*its_values, *values])
        claimed = bool(cursor.rowcount)
        cursor.nextset()
        found = cursor.fetchall()
    if claimed:
        return narrowed(held, ids, reading.rows(found))
    return rows(held, ids) if process.has_claimed(held.kind, held.round, ids) else None


def rows(held: Held, ids: Sequence[int]) -> list[Any]:
    """The claimed rows that are there to be worked on: open, of the claim's round, and under no other claim.

    Read after the claim is committed: of two processes that claim the same id, one at least sees the other, and it
    yields. What both yield, the sweep brings back.
    """
    reading = reading_of(held, ids)
    with connection.cursor() as cursor:
        cursor.execute(*reading.of(held, ids))
        found = cursor.fetchall()
    return narrowed(held, ids, reading.rows(found))


def narrowed(held: Held, ids: Sequence[int], found: list[Any]) -> list[Any]:
    """The same, once the claim holds no more than these."""
    if len(found) < len(ids):
        keep(held, [row.id for row in found])
    return found


@dataclass(frozen=True)
class Reading:
    """The SELECT of a kind's rows, once for all messages: Django takes longer to build it than MySQL to answer."""

    sql: str
    params: Sequence[Any]
    convert: Callable[[Rows], Rows]
    row: Callable[..., Any]

    def of(self, held: Held, ids: Sequence[int]) -> Statement:
        """For this message."""
        given = (min(ids), max(ids)) if is_whole(ids) else ids
        places: dict[Any, Any] = {-place: identity for place, identity in enumerate(given, 1)}
        places |= {WORKER: held.worker, ROUND: held.round}
        return self.sql, [places.get(param, param) for param in self.params]

    def rows(self, found: Rows) -> list[Any]:
        """As `perform` gets them."""
        return [self.row(*values) for values in self.convert(found)]


def reading_of(held: Held, ids: Sequence[int]) -> Reading:
    """The one for so many ids."""
    return compiled(held.kind, connection.vendor, 0 if is_whole(ids) else len(ids))


@lru_cache(maxsize=100)  # 27 kB each
def compiled(kind: Kind, vendor: str, count: int) -> Reading:
    """For `count` ids that have gaps; 0: for all from the first to the last."""
    wanted = Q(id__in=range(-1, -count - 1, -1)) if count else Q(id__range=(-1, -2))
    tasks = kind.model.objects
    alone = tasks.all().told("free_but", worker=WORKER)
    open_rows = tasks.filter(alone, wanted, status=Status.CREATED, round=ROUND).annotate(waited=waited())
    names = ("id", "attempts", "round", "waited", *kind.inputs)
    compiler = open_rows.values_list(*names).order_by("id").query.get_compiler(connection=connection)
    sql, params = compiler.as_sql()
    converters = compiler.get_converters([column for column, *_ in compiler.select])
    return Reading(sql, params, partial(compiler.apply_converters, converters=converters), light(kind))
