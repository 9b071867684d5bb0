"""The part of bench.hotpaths that runs in the web container: calls each path in one process, counts and profiles it."""

import cProfile
import io
import json
import pstats
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import RequestFactory

from arithmetic.models import MathTask
from durable import publisher, tasks
from durable.inserts import insert_many
from durable.models import Batch

TASK = json.dumps({"x": "1.5", "task_type": "multiply", "y": "3"})
TIMES = 200
# Where a function's own time goes; the first that its file's name has.
PARTS = {
    "MySQL's client": ("MySQLdb", "_mysql", "Connection.query", "of '_mysql"),
    "Django: database": ("django/db",),
    "Django: the rest": ("django/", "asgiref", "whitenoise"),
    "django-ninja, pydantic": ("ninja", "pydantic"),
    "Celery, kombu": ("celery", "kombu", "vine", "amqp"),
    "Abacus": ("/app/web/",),
}


class Statements:
    """Counts what is asked of the database."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.count += 1
        return execute(*arguments)


def request(method: str, path: str) -> Callable[[], None]:
    """A call of the whole of Django, without a server."""
    handler = WSGIHandler()

    def call() -> None:
        body = {"data": TASK, "content_type": "application/json"} if method == "POST" else {}
        environ = getattr(RequestFactory(), method.lower())(path, **body).environ
        response = handler(environ, lambda *_: io.BytesIO().write)
        content = b"".join(response)
        response.close()
        assert response.status_code in {200, 201}, content

    return call


def message(size: int) -> tuple[Callable[[], None], Callable[[], None]]:
    """What a worker does for one message of so many tasks, and what has to be there before."""
    batch = Batch.objects.create(kind=MathTask.kind.name, total=0, fingerprint="")
    ids: list[int] = []

    def prepare() -> None:
        insert_many(MathTask.kind, batch.pk, [("1.5", "multiply", "3")] * size)
        ids[:] = MathTask.objects.filter(batch=batch, status="created").values_list("pk", flat=True)

    def call() -> None:
        tasks.run(MathTask.kind.name, 0, ids)

    return prepare, call


def part(function: tuple[str, int, str]) -> str:
    """What a profiled function belongs to."""
    name = f"{function[0]}:{function[2]}"
    return next((part for part, marks in PARTS.items() if any(mark in name for mark in marks)), "Python itself")


def measure(call: Callable[[], None], prepare: Callable[[], None], times: int) -> dict[str, Any]:
    """Statements, milliseconds of this process's CPU and of the clock, and the shares of the CPU."""
    cpu, wall, shares, statements, profile = [], [], Counter[str](), Statements(), cProfile.Profile()
    for _ in range(times):
        prepare()
        before = time.process_time(), time.perf_counter()
        call()
        cpu.append((time.process_time() - before[0]) * 1000)
        wall.append((time.perf_counter() - before[1]) * 1000)
    prepare()
    with connection.execute_wrapper(statements):
        call()
    for _ in range(times):
        prepare()
        profile.runcall(call)
    for function, (_, _, own, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        shares[part(function)] += own
    whole = sum(shares.values())
    return {
        "statements": statements.count,
        "cpu": statistics.median(cpu),
        "wall": statistics.median(wall),
        "shares": {name: own / whole for name, own in shares.items()},
    }


def main() -> None:
    """Measure each path; the last line printed is the outcome."""
    publisher.publisher.put = lambda *_: None  # type: ignore[method-assign]  # no worker runs
    identity = MathTask.objects.order_by("-pk").values_list("pk", flat=True)[0]
    paths = ["POST /api/tasks", f"GET /api/tasks/{identity}", "GET /api/tasks", "GET /api/stats", "GET /", "GET /live"]
    found = {}
    for path in paths:
        method, address = path.split()
        found[path.replace(str(identity), "ID")] = measure(request(method, address), lambda: None, TIMES)
    for size in (1, 10, 500):
        prepare, call = message(size)
        found[f"a message of {size}"] = measure(call, prepare, max(20, TIMES // size))
    json.dump(found, sys.stdout)


main()
