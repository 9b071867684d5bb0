"""How the whole stands, for /metrics: five statements, however many rows, kinds and processes there are."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError, connection
from django.db.models import BigIntegerField, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from durable import kinds, tallies, totals
from durable.ages import age, waited
from durable.celery.broker import BATCHED, QUEUES, SINGLE
from durable.claimed import Claim
from durable.claims import ids_of
from durable.counters import COUNTS
from durable.indexes import forced
from durable.kinds import Kind
from durable.leases import CLOCKWORK
from durable.models import Lease, Worker
from durable.pauses import in_force
from durable.stats import COUNTED
from durable.workers import GONE_AFTER

logger = logging.getLogger(__name__)
LOOKED = 1_000  # waiting rows that are looked through for the oldest one of a batch
MILLISECONDS = 1_000  # that MySQL may take for all counts of tasks; where it needs longer, they are left out
TOO_LONG = 3024  # MySQL's number of that error
Part = tuple[str, Sequence[Any]]


@dataclass
class Held:
    """What is claimed of a kind."""

    ages: list[float] = field(default_factory=list)  # seconds since each claim
    rows: list[tuple[int, int]] = field(default_factory=list)  # id and round


@dataclass
class Workers:
    """Who works: seconds since each one's last sign, how many are in which state, and their pool processes."""

    ages: dict[str, float]
    states: dict[str, int]
    slots: int
    busy: int


@dataclass
class Tasks:
    """A kind's, by queue; `oldest` lacks one where too much is in front of it to tell."""

    waiting: dict[str, int]
    running: dict[str, int]
    oldest: dict[str, float]
    scheduled: int
    late: float  # seconds since the first that is due was
    paused: bool


@dataclass
class Seen:
    """All of it, at about one moment."""

    held: Mapping[str, Held]
    workers: Workers
    swept: bool  # somebody has the lease
    tasks: dict[str, Tasks]
    counted: Mapping[tuple[str, str], Mapping[str, int]]  # by kind and queue
    tallied: Mapping[tuple[str, str], int]


def look() -> Seen:
    """See how it stands. Claims first: what they cover is told from what waits."""
    held, processes = claimed()
    swept, found = tasks(held)
    return Seen(held, workers(processes), swept, found, counted(), tallies.ever())


def counted() -> dict[tuple[str, str], Mapping[str, int]]:
    """What was ever counted, by kind and queue, or by none; nothing of something is a zero."""
    nothing = dict.fromkeys(COUNTS, 0)
    every = {(kind.name, queue): nothing for kind in kinds.every() for queue in ("", *QUEUES)}
    return every | totals.ever()


def microseconds(column: str) -> RawSQL:
    """Since a column's moment."""
    return RawSQL(age(column), (), output_field=BigIntegerField())  # noqa: S611


def seconds(since: int | None) -> float:
    """The same in seconds; clocks of one machine may differ by a little from one statement to the next."""
    return max(0.0, (since or 0) / 1e6)


def claimed() -> tuple[dict[str, Held], list[str]]:
    """What is claimed by kind, and by which processes."""
    found, processes = defaultdict[str, Held](Held), list[str]()
    for claim in Claim.objects.filter(ids__isnull=False).annotate(age=microseconds("start_time")):
        found[claim.kind].ages.append(seconds(claim.age))
        found[claim.kind].rows += [(identity, claim.round) for identity in ids_of(claim)]
        processes.append(claim.worker)
    return found, processes


def workers(processes: Sequence[str]) -> Workers:
    """Those that have not signed off."""
    rows = Worker.objects.annotate(age=microseconds("beat_time")).values_list("name", "pids", "consuming", "age")
    found = Workers({}, dict.fromkeys(("consuming", "deaf", "gone"), 0), 0, 0)
    slots = set[str]()
    for name, pids, consuming, since in rows:
        found.ages[name] = seconds(since)
        gone = found.ages[name] > GONE_AFTER.total_seconds()
        found.states["gone" if gone else "consuming" if consuming else "deaf"] += 1
        slots |= set() if gone else {f"{name}/{pid}" for pid in pids}
    found.slots, found.busy = len(slots), len(slots.intersection(processes))
    return found


def tasks(held: Mapping[str, Held]) -> tuple[bool, dict[str, Tasks]]:
    """Whether somebody sweeps, and the tasks of each kind, unless it takes too long to count them."""
    lease = how_many(Lease.objects.filter(name=CLOCKWORK, until__gt=Now()))
    by_kind = [(kind.name, of_kind(place, kind, held)) for place, kind in enumerate(kinds.every())]
    try:
        swept, *found = row([lease, *(part for _, parts in by_kind for part in parts)], held)
    except OperationalError as error:
        if error.args[0] != TOO_LONG:
            raise
        logger.warning("metrics: to count tasks took longer than %d ms, they are left out", MILLISECONDS)
        return bool(row([lease], {})[0]), {}
    size = len(by_kind[0][1])
    return bool(swept), {name: read(found[at * size :][:size]) for at, (name, _) in enumerate(by_kind)}


def row(parts: Sequence[Part], held: Mapping[str, Held]) -> Sequence[Any]:
    """The values of all parts, of one statement. What is claimed is a table in it: place of the kind, id, round."""
    mysql = connection.vendor == "mysql"
    hint, mark = (f"/*+ MAX_EXECUTION_TIME({MILLISECONDS}) */ ", "ROW") if mysql else ("", "")
    names = {kind.name: place for place, kind in enumerate(kinds.every())}
    claims = [f"{mark}({names[kind]},{at},{n})" for kind, each in held.items() if kind in names for at, n in each.rows]
    table = f"WITH held (kind, id, round) AS (VALUES {', '.join(claims or [f'{mark}(-1,0,0)'])})"
    with connection.cursor() as cursor:
        texts = ", ".join(f"({sql})" for sql, _ in parts)
        cursor.execute(f"{table} SELECT {hint}{texts}", [value for _, values in parts for value in values])
        found: Sequence[Any] = cursor.fetchone()
        return found


def how_many(rows: "QuerySet[Any]") -> Part:
    """Their number."""
    sql, values = rows.values("pk").query.sql_with_params()
    return f"SELECT COUNT(*) FROM ({sql}) found", values  # noqa: S608 (Django's own SQL)


def of_kind(place: int, kind: Kind, held: Mapping[str, Held]) -> list[Part]:
    """What `read` reads."""
    created, single = "status = 'created'", "status = 'created' AND batch_id IS NULL"
    in_front = len(held[kind.name].rows) if kind.name in held else 0
    return [
        up_to(kind, created, "status"),
        up_to(kind, single, "batch", "status"),
        running(place, kind, created),
        running(place, kind, single),
        oldest(place, kind, single, in_front + 1, "batch", "status"),
        oldest(place, kind, created, in_front + LOOKED, "status", of="batch_id IS NOT NULL"),
        up_to(kind, "status = 'scheduled'", "status"),
        first_due(kind),
        how_many(in_force().filter(pk=kind.name)),
    ]


def read(found: Sequence[Any]) -> Tasks:
    """A kind's part of the row. Single tasks are those that are in no batch: the two queues, as rows have them."""
    every, single, running, running_single, oldest_single, oldest_batched, scheduled, late, paused = found
    at_work = {SINGLE: running_single, BATCHED: running - running_single}
    stored = {SINGLE: single, BATCHED: every - single}
    waiting = {queue: max(0, stored[queue] - at_work[queue]) for queue in stored}
    oldest = {SINGLE: seconds(oldest_single)}
    if oldest_batched is not None or not waiting[BATCHED]:
        oldest[BATCHED] = seconds(oldest_batched)
    return Tasks(waiting, at_work, oldest, scheduled, seconds(late), bool(paused))


def up_to(kind: Kind, condition: str, *columns: str) -> Part:
    """How many rows, counted up to a bound."""
    rows = forced(f"SELECT 1 FROM {quoted(kind)} WHERE {condition} LIMIT {COUNTED}", kind, *columns)  # noqa: S608
    return f"SELECT COUNT(*) FROM ({rows}) found", ()  # noqa: S608


def running(place: int, kind: Kind, condition: str) -> Part:
    """How many of the rows a claim covers."""
    same = f"t.id = held.id AND t.round = held.round AND held.kind = {place}"
    return f"SELECT COUNT(*) FROM held JOIN {quoted(kind)} t ON {same} WHERE {condition}", ()  # noqa: S608


def oldest(place: int, kind: Kind, condition: str, limit: int, *columns: str, of: str = "TRUE") -> Part:
    """For how long the first one waits that nobody has claimed; among so many, since claimed ones lie in front."""
    names = "id, batch_id, round, create_time, update_time"
    rows = f"SELECT {names} FROM {quoted(kind)} WHERE {condition} ORDER BY id LIMIT {limit}"  # noqa: S608
    same = f"held.kind = {place} AND held.id = ahead.id AND held.round = ahead.round"
    free = f"NOT EXISTS (SELECT 1 FROM held WHERE {same})"  # noqa: S608
    return f"SELECT MAX({waited().sql}) FROM ({forced(rows, kind, *columns)}) ahead WHERE {of} AND {free}", ()  # noqa: S608


def first_due(kind: Kind) -> Part:
    """How long ago the first scheduled row was due; nothing else has a due time."""
    rows = f"FROM {quoted(kind)} WHERE due_time IS NOT NULL ORDER BY due_time LIMIT 1"
    return forced(f"SELECT {age('due_time')} {rows}", kind, "due_time"), ()


def quoted(kind: Kind) -> str:
    """Its table."""
    return connection.ops.quote_name(kind.table)
