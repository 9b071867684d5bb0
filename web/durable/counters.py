"""What was done, counted and not guessed: a row for each kind, step of time, queue and process; none waits for another.

It is written in the transaction of what it counts, so it is there exactly if that is. All by the database's clock.
"""

from bisect import bisect_left
from collections import Counter as Numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, models

Statement = tuple[str, list[Any]]
STEP = 10  # seconds
# A step's seconds, those of the coarser one that it becomes part of, and after how many.
COARSER = ((STEP, 60, 3_600), (60, 600, 6 * 3_600))

KEY = ("kind", "seconds", "start", "queue", "process")
# What a time is at most, in microseconds: 1, 2, 5, 10 ms ... 50,000 s. The last bucket holds what is longer.
BOUNDS: tuple[int, ...] = tuple(factor * 10**power for power in range(3, 11) for factor in (1, 2, 5))
WAITS, RUNS = ([f"{name}_{place}" for place in range(len(BOUNDS) + 1)] for name in ("wait", "run"))
OUTCOMES = ("success", "failed", "cancelled", "again")
SPENT = ("claims", "claim_time", "writes", "write_time")
COUNTS = (*OUTCOMES, "waited", "ran", *WAITS, *RUNS, *SPENT)


class Counter(models.Model):
    """What one process has done in one step. A step that is no longer young is one row of no process."""

    pk = models.CompositePrimaryKey(*KEY)
    kind = models.CharField(max_length=64)
    seconds = models.PositiveSmallIntegerField()  # of the step
    start = models.BigIntegerField()  # of the step: seconds since 1970
    queue = models.CharField(max_length=16, default="")  # that the tries came through; empty of what people cancelled
    process = models.CharField(max_length=80)
    # And COUNTS: how tasks ended, by a worker or by people; `again`, tries that ended badly and were not the last.
    # A try that has an outcome has waited (since it was created, given back or tried again) until its claim, and run:
    # the sums in microseconds, and how many fell in each bucket. Of one whose worker died nobody knows that.
    # SPENT is what the database took for it: how many messages were claimed and written, and the sums in microseconds.

    def __str__(self) -> str:
        return f"{self.kind} {self.start} {self.process}"


for _name in COUNTS:
    Counter.add_to_class(_name, models.BigIntegerField(default=0, db_default=0))


def histogram(names: Sequence[str], times: Iterable[int]) -> dict[str, int]:
    """How many of the times (microseconds) fall in each bucket."""
    return {names[place]: number for place, number in Numbers(bisect_left(BOUNDS, time) for time in times).items()}


def clock() -> str:
    """Seconds since 1970, by the database."""
    return "UNIX_TIMESTAMP()" if connection.vendor == "mysql" else "CAST(STRFTIME('%%s', 'NOW') AS INTEGER)"


def whole(moment: str, seconds: int) -> str:
    """The start of the step that a moment is in."""
    return f"({moment} {'DIV' if connection.vendor == 'mysql' else '/'} {seconds} * {seconds})"


def adding(kind: str, process: str, numbers: Mapping[str, int], condition: str = "TRUE", queue: str = "") -> Statement:
    """What adds numbers to the process's row of now, under a condition."""
    source = f"SELECT %s AS kind, {STEP} AS seconds, {whole(clock(), STEP)} AS start, %s AS queue, %s AS process"
    source += "".join(f", %s AS {name}" for name in numbers)
    return added(Counter, KEY, source, tuple(numbers), condition), [kind, queue, process, *numbers.values()]


def added(
    model: type[models.Model], key: Sequence[str], source: str, names: Iterable[str], condition: str = "TRUE"
) -> str:
    """The rows of a SELECT, each added to the model's that is there with its key."""
    table = model._meta.db_table
    sql = f"INSERT INTO {table} ({', '.join((*key, *names))}) SELECT * FROM ({source}) n WHERE {condition} "  # noqa: S608
    if connection.vendor == "mysql":
        return sql + "ON DUPLICATE KEY UPDATE " + ", ".join(f"{name} = {table}.{name} + n.{name}" for name in names)
    sums = ", ".join(f"{name} = {name} + excluded.{name}" for name in names)
    return sql + f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sums}"


def count(kind: str, process: str, queue: str = "", **numbers: int) -> None:
    """Count in the transaction that is open."""
    found = {name: number for name, number in numbers.items() if number}
    if found:
        with connection.cursor() as cursor:
            cursor.execute(*adding(kind, process, found, queue=queue))


def steps(kind: str, number: int) -> list[tuple[int, Mapping[str, int]]]:
    """The last whole steps, from the first in which something was done, with their sums over all processes."""
    now, sums = whole(clock(), STEP), ", ".join(f"SUM({name})" for name in COUNTS)
    sql = (
        f"SELECT {now}, start, {sums} FROM {Counter._meta.db_table} WHERE kind = %s AND seconds = {STEP}"  # noqa: S608
        f" AND start >= {now} - %s AND start < {now} GROUP BY start ORDER BY start"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [kind, number * STEP])
        rows = cursor.fetchall()
    if not rows:
        return []
    found = {int(row[1]): dict(zip(COUNTS, map(int, row[2:]), strict=True)) for row in rows}
    return [(start, found.get(start, {})) for start in range(min(found), int(rows[0][0]), STEP)]


def history(kind: str, length: int, step: int) -> list[tuple[int, Mapping[str, int]]]:
    """The whole steps of the last `length` seconds, those without anything too. A step is one that old rows have."""
    begin, sums = whole("start", step), ", ".join(f"SUM({name})" for name in COUNTS)
    now, finer = whole(clock(), step), [seconds for seconds, _, _ in COARSER] + [COARSER[-1][1]]
    sql = (
        f"SELECT {now}, {begin} AS begin, {sums} FROM {Counter._meta.db_table}"  # noqa: S608
        f" WHERE kind = %s AND seconds IN ({', '.join(str(size) for size in finer if size <= step)})"
        f" AND start >= {now} - %s AND start < {now} GROUP BY begin"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [kind, length])
        rows = cursor.fetchall()
    if not rows:
        return []
    found = {int(row[1]): dict(zip(COUNTS, map(int, row[2:]), strict=True)) for row in rows}
    end = int(rows[0][0])
    return [(start, found.get(start, {})) for start in range(end - length, end, step)]


def ended_by(kind: str, seconds: int = 60) -> dict[str, int]:
    """How many tasks each process has ended in the last whole steps, by its name."""
    now = whole(clock(), STEP)
    sql = (
        f"SELECT process, SUM(success + failed) FROM {Counter._meta.db_table} WHERE kind = %s"  # noqa: S608
        f" AND seconds = {STEP} AND start >= {now} - %s AND start < {now} GROUP BY process"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [kind, seconds])
        return {process: int(number) for process, number in cursor.fetchall()}


def quantile(numbers: Mapping[str, int], names: Sequence[str], share: float) -> float | None:
    """The time (microseconds) that this share stays below, to the width of its bucket; None where there is none."""
    left = share * sum(numbers.get(name, 0) for name in names)
    if not left:
        return None
    for place, name in enumerate(names[:-1]):
        number = numbers.get(name, 0)
        if number >= left:
            low = float(BOUNDS[place - 1]) if place else 0.0
            return low + (BOUNDS[place] - low) * left / number
        left -= number
    return float(BOUNDS[-1])


def told(numbers: Mapping[str, int]) -> dict[str, Any]:
    """What was done, in words and milliseconds: mean and 95th percentile of the times, and their median."""
    found: dict[str, Any] = {name: numbers.get(name, 0) for name in ("success", "failed", "cancelled", "again")}
    found["ended"] = found["success"] + found["failed"]
    for word, total, names in (("waiting", "waited", WAITS), ("running", "ran", RUNS)):
        tries = sum(numbers.get(name, 0) for name in names)
        mean = numbers[total] / tries if tries else None
        values = {"_ms": quantile(numbers, names, 0.5), "_p95_ms": quantile(numbers, names, 0.95), "_mean_ms": mean}
        found |= {word + end: None if value is None else round(value / 1000, 1) for end, value in values.items()}
    return found
