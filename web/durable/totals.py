"""What old counters become: coarser steps, and at last a part of the total of their kind, which only ever grows."""

from collections.abc import Mapping
from typing import Any

from django.db import connection, models, transaction

from durable.counters import COARSER, COUNTS, KEY, Counter, added, clock, whole

KEPT = 24 * 3_600  # seconds, as steps
OF = ("kind", "queue")
SUMS = "".join(f", SUM({name}) AS {name}" for name in COUNTS)


class Total(models.Model):
    """What all steps that are no longer kept had counted, by kind and queue."""

    pk = models.CompositePrimaryKey(*OF)
    kind = models.CharField(max_length=64)
    queue = models.CharField(max_length=16, default="")

    def __str__(self) -> str:
        return f"{self.kind} {self.queue}"


for _name in COUNTS:
    Total.add_to_class(_name, models.BigIntegerField(default=0, db_default=0))


def ever() -> dict[tuple[str, str], Mapping[str, int]]:
    """All that was ever counted, by kind and queue: one statement, so that no step is seen twice or on its way."""
    columns = ", ".join((*OF, *COUNTS))
    sql = (
        f"SELECT kind, queue{SUMS} FROM {Counter._meta.db_table} GROUP BY kind, queue"  # noqa: S608
        f" UNION ALL SELECT {columns} FROM {Total._meta.db_table}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows = cursor.fetchall()
    found: dict[tuple[str, str], dict[str, int]] = {}
    for kind, queue, *numbers in rows:
        sums = found.setdefault((kind, queue), dict.fromkeys(COUNTS, 0))
        for name, number in zip(COUNTS, numbers, strict=True):
            sums[name] += int(number)
    return dict(found)


def roll_up() -> None:
    """Make coarser steps of old ones, and totals of the oldest. Safe to run twice at once."""
    table = Counter._meta.db_table
    for finer, coarser, age in COARSER:
        start, before = whole("start", coarser), whole(f"({clock()} - {age})", coarser)
        old = f"SELECT DISTINCT kind, {start} FROM {table} WHERE seconds = {finer} AND start < {before}"  # noqa: S608
        for kind, begin in rows_of(old):
            combine(kind, finer, coarser, int(begin))
    before = f"{clock()} - {KEPT}"
    oldest = f"SELECT DISTINCT kind, seconds, {before} FROM {table} WHERE start < {before}"  # noqa: S608
    for kind, seconds, moment in rows_of(oldest):
        retire(kind, seconds, int(moment))


def rows_of(sql: str) -> list[tuple[Any, ...]]:
    """What a statement finds."""
    with connection.cursor() as cursor:
        cursor.execute(sql, [])
        return list(cursor.fetchall())


def combine(kind: str, finer: int, coarser: int, start: int) -> None:
    """Make one coarser step of finer ones."""
    source = (
        f"SELECT kind, {coarser} AS seconds, {start} AS start, queue, '' AS process{SUMS} FROM {Counter._meta.db_table}"  # noqa: S608
        " WHERE kind = %s AND seconds = %s AND start >= %s AND start < %s GROUP BY kind, queue"
    )
    rows = Counter.objects.filter(kind=kind, seconds=finer, start__gte=start, start__lt=start + coarser)
    move(rows, added(Counter, KEY, source, COUNTS), [kind, finer, start, start + coarser])


def retire(kind: str, seconds: int, before: int) -> None:
    """Add steps to the total of their kind, and delete them."""
    source = (
        f"SELECT kind, queue{SUMS} FROM {Counter._meta.db_table}"  # noqa: S608
        " WHERE kind = %s AND seconds = %s AND start < %s GROUP BY kind, queue"
    )
    rows = Counter.objects.filter(kind=kind, seconds=seconds, start__lt=before)
    move(rows, added(Total, OF, source, COUNTS), [kind, seconds, before])


def move(rows: "models.QuerySet[Counter]", sql: str, values: list[Any]) -> None:
    """Write what comes of the rows, and delete them. They are locked first: who comes second finds none."""
    with transaction.atomic(), connection.cursor() as cursor:
        if list(rows.select_for_update().values_list("process")):
            cursor.execute(sql, values)
            rows.delete()
