"""The part of bench.growth that runs in the web container: each thing done at each size in turn, as Django does it.

Arguments: how many rounds, then the sizes; each size has a database of its own. Prints JSON: per thing and size the
median of every round in milliseconds, and how MySQL goes about it at the largest size.
"""

import json
import os
import random
import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from arithmetic.models import MathTask
from durable import batches, claims, due, purge, services, stats, taking
from durable.inserts import insert_many
from durable.listing import newest
from durable.models import Batch
from durable.outcomes import Outcomes, write
from durable.publisher import publisher
from durable.states import Status
from durable.sweep import sweep as sweep_all
from durable.workers import beat

REPEAT = 15
PURGED = 500
DUE = 100
HELD = 8  # rows that a worker is at: the sweep looks whether it lives
MANY = 500  # ids of one message
KIND = MathTask.kind
ROW = ("6", "multiply", "7")


@dataclass
class Table:
    """The database of one size."""

    rows: int
    newest: int = 0

    def use(self) -> None:
        """Ask it from here on; a connection made anew would also be one to it."""
        connection.settings_dict["NAME"] = f"rows_{self.rows}"
        with connection.cursor() as cursor:
            cursor.execute(f"USE rows_{self.rows}")
        self.newest = self.newest or MathTask.objects.order_by("-pk").values_list("pk", flat=True)[0]

    def tidy(self) -> None:
        """As it was: without the rows that a measurement has added."""
        MathTask.objects.filter(pk__gt=self.newest).delete()

    def anywhere(self) -> int:
        """Some id that has a whole page below it."""
        return random.randint(min(100, self.newest), self.newest)


Measure = Callable[[Table], float]
client = Client(raise_request_exception=True)
asked: list[str] = []  # the statements of what was timed last


def seconds(call: Callable[[], Any]) -> float:
    """How long it takes."""
    connection.queries_log.clear()
    started = time.perf_counter()
    call()
    took = time.perf_counter() - started
    asked[:] = [query["sql"] for query in connection.queries_log]
    return took


def get(address: Callable[[Table], str], table: Table) -> float:
    """A request through all of Django, without a server in front."""
    path = address(table)

    def ask() -> None:
        assert client.get(path).status_code == 200, path

    return seconds(ask)


def post(table: Table) -> float:
    """A task by the API."""
    body = {"x": "6", "task_type": "multiply", "y": "7"}

    def ask() -> None:
        assert client.post("/api/tasks", body, "application/json").status_code == 201

    return seconds(ask)


def create(table: Table) -> float:
    """A task by the service: validated input, the row, the hand-over to the publisher."""
    return seconds(lambda: services.create_task(kind=KIND, values=dict(zip(KIND.inputs, ROW, strict=True))))


def fresh(count: int) -> list[int]:
    """So many rows that wait."""
    insert_many(KIND, 0, [ROW] * count)
    return list(MathTask.objects.filter(batch_id=0, status=Status.CREATED).values_list("pk", flat=True))


def claim(ids: list[int]) -> tuple[claims.Held, list[Any]]:
    """Claim a message, as a pool process does."""
    process = claims.this_process()
    held = claims.Held(process.name, process.next(), KIND, 0)
    rows = taking.take(process, held, ids)
    assert rows is not None
    return held, rows


def progress(found: Batch) -> float:
    """How far a batch is."""
    return seconds(partial(batches.counts, found))


def claim_and_finish(count: int, table: Table) -> float:
    """What a worker asks of MySQL for a message of so many ids."""
    ids = fresh(count)

    def work() -> None:
        held, rows = claim(ids)
        assert len(rows) == count
        assert write(held, Outcomes(results=[(row.id, 0, "42") for row in rows]))

    return seconds(work)


def sweep(table: Table) -> float:
    """Both halves of the sweep, with a worker that lives and holds rows."""
    ids = fresh(HELD)
    held, _ = claim(ids)
    beat([os.getpid()])
    took = seconds(sweep_all)
    assert MathTask.objects.running().count() == HELD
    claims.keep(held, [])
    MathTask.objects.filter(pk__in=ids).delete()
    return took


def start_due(table: Table) -> float:
    """Some rows whose time has come begin to wait for a worker."""
    ids = fresh(DUE)
    MathTask.objects.filter(pk__in=ids).update(status=Status.SCHEDULED, due_time=Now())

    def start() -> None:
        assert len(due.begin(KIND)) == DUE

    took = seconds(start)
    MathTask.objects.filter(pk__in=ids).delete()
    return took


def purge_some(table: Table) -> float:
    """Delete some hundred rows that are old enough, the first ones of a table; they come back afterwards."""
    rows = list(MathTask.objects.filter(status=Status.SUCCESS).order_by("pk")[:PURGED])
    MathTask.objects.filter(pk__in=[row.pk for row in rows]).update(update_time=Now() - timedelta(days=60))

    def delete() -> None:
        assert purge.purge_tasks(KIND, Status.SUCCESS, timedelta(days=30), PURGED) == PURGED

    took = seconds(delete)
    MathTask.objects.bulk_create(rows)
    return took


def batch(table: Table) -> int:
    """The newest filled batch, of about 200 tasks."""
    return table.rows // 1000


MEASURES: dict[str, Measure] = {
    "page": partial(get, lambda table: "/"),
    "list": partial(get, lambda table: "/api/tasks"),
    "list, deep": partial(get, lambda table: f"/api/tasks?before={table.anywhere()}"),
    "list, status": partial(get, lambda table: "/api/tasks?status=failed"),
    "list, status, deep": partial(get, lambda table: f"/api/tasks?status=success&before={table.anywhere()}"),
    "list, operation": partial(get, lambda table: "/api/tasks?task_type=minus"),
    "list, batch and status": partial(get, lambda table: f"/api/tasks?batch={batch(table)}&status=success"),
    "list, status and operation": partial(get, lambda table: "/api/tasks?status=success&task_type=minus"),
    "changes": partial(get, lambda table: f"/api/tasks?since={newest(KIND)}"),
    "one task": partial(get, lambda table: f"/api/tasks/{table.anywhere()}"),
    "page of a task": partial(get, lambda table: f"/tasks/{table.anywhere()}"),
    "progress of a batch": lambda table: progress(Batch.objects.get(pk=batch(table))),
    "counts, bounded": lambda table: seconds(partial(stats.count, KIND)),
    "create": create,
    "create, API": post,
    "claim and finish 1": partial(claim_and_finish, 1),
    "claim and finish 500": partial(claim_and_finish, MANY),
    "sweep": sweep,
    "100 due rows": start_due,
    "purge of 500": purge_some,
}
FEWER = {"claim and finish 500": 9, "purge of 500": 7, "counts, bounded": 5}


def plans(table: Table, measure: Measure) -> list[str]:
    """How MySQL finds and orders the rows of each statement on tasks: kind of access and index."""
    connection.force_debug_cursor = True
    measure(table)
    connection.force_debug_cursor = False
    told: dict[str, None] = {}
    with connection.cursor() as cursor:
        for sql in asked:
            verb = sql.split()[0]
            if verb in {"SELECT", "UPDATE", "DELETE"} and "`math_task`" in sql:
                cursor.execute("EXPLAIN FORMAT=TRADITIONAL " + sql.replace("%", "%%"))
                names = [column[0] for column in cursor.description]
                rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
                told |= {plan(verb, row): None for row in rows if is_walk(row)}
    table.tidy()
    return list(told)


def is_walk(row: dict[str, Any]) -> bool:
    """Whether a line of EXPLAIN is about tasks: not the few claims (U0), nor what another has found (`<derived2>`)."""
    return bool(row["type"]) and not re.match(r"<|durable_|U\d", str(row["table"]))


def plan(verb: str, row: dict[str, Any]) -> str:
    """One line of EXPLAIN in a few words."""
    index = re.sub(r"^math_task_|_\w{6}_idx$", "", row["key"] or "")
    extra = row["Extra"] or ""
    if "const tables" in extra:  # found by key; the row has moved on since
        return f"{verb} const PRIMARY"
    flags = [word for word, sign in {"SORT": "filesort", "TEMPORARY": "temporary"}.items() if sign in extra]
    access = "FULL SCAN" if row["type"] == "ALL" else f"{row['type']} {index}"
    return " ".join([verb, access, *flags])


def turns(tables: list[Table], measure: Measure, repeat: int) -> dict[int, float]:
    """The median at each size; one after the other each time, so that a busy moment meets all alike."""
    took: dict[int, list[float]] = {table.rows: [] for table in tables}
    for number in range(repeat):
        for table in tables if number % 2 else tables[::-1]:
            table.use()
            took[table.rows].append(measure(table))
    for table in tables:
        table.use()
        table.tidy()
    return {size: statistics.median(found) * 1000 for size, found in took.items()}


def main(rounds: int, sizes: list[int]) -> None:
    """Measure round by round; the first warms up."""
    publisher.put = lambda *_: None  # type: ignore[method-assign]  # a message costs the same at any size
    tables = [Table(size) for size in sizes]
    times: dict[str, dict[int, list[float]]] = {name: {size: [] for size in sizes} for name in MEASURES}
    for number in range(rounds + 1):
        for name, measure in MEASURES.items():
            for size, middle in turns(tables, measure, FEWER.get(name, REPEAT)).items():
                times[name][size] += [middle] if number else []
    tables[-1].use()
    print(json.dumps({"times": times, "plans": {name: plans(tables[-1], each) for name, each in MEASURES.items()}}))


if __name__ == "__main__":
    main(int(sys.argv[1]), [int(size) for size in sys.argv[2:]])
