"""No request runs more statements when there are more rows."""

import json
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rows import held, store

from durable import bounds, kinds, stats
from durable.models import Batch
from support.readings.models import Reading

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
TASK = json.dumps({"x": "1", "task_type": "add", "y": "2"})
# Statements of each route of the API; a list costs one for its rows and one for the cursor of changes.
COSTS = {
    "GET /api/tasks": 2,
    "GET /api/tasks?before=9": 2,
    "GET /api/tasks?status=created": 2,
    "GET /api/tasks?status=pending": 3,  # where to look is asked first, of the claims
    "GET /api/tasks?status=created&task_type=add": 3,
    "GET /api/tasks?batch=1": 2,
    "GET /api/tasks?since=0-0": 3,  # rows that were written, claims, and rows that were claimed
    "GET /api/tasks/ID": 1,
    "GET /api/tasks/matching?action=cancel": 1,
    "GET /api/stats": 4,
    "GET /api/batches": 1,
    "GET /api/batches/1": 3,
    "GET /api/batches/1/results.csv": 1,  # and one for each thousand rows, as it is read
    "GET /tasks/now?lang=en": 3,  # and why tasks wait: no worker runs, so whether they are paused is asked as well
    "GET /tasks/ID": 5,  # the same, its batch, and what was noted about it
    "GET /batches": 3,
    "GET /batches/1": 4,
    "GET /activity": 12,
    "POST /api/tasks": 1 if connection.vendor == "mysql" else 2,  # one round trip there
    "POST /api/tasks/ID/cancel": 6,  # the row, its event and the counter (BEGIN, COMMIT), and the row as it is now
    "POST /api/tasks/ID/retry": 4,  # not possible: no event
}
# Where no claim is held, nobody looks for what is claimed.
COSTS_AT_REST = {**COSTS, "GET /api/tasks?status=pending": 2, "GET /api/tasks?since=0-0": 2}
OF_READINGS = ("/api/reading?limit=50", "/api/reading?status=created", "/api/reading?language=en", "/api/reading/stats")


@pytest.fixture(autouse=True)
def fresh(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache in memory."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    yield
    cache.clear()


def cost(client: Client, route: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many statements it runs."""
    cache.clear()
    monkeypatch.setattr(stats, "memories", {})
    monkeypatch.setattr(bounds, "waiting", {})
    for kind in kinds.every():
        bounds.of(kind).due = float("inf")  # at most once a second; see test_bounds.py
    method, path = route.split()
    with CaptureQueriesContext(connection) as asked:
        response = client.generic(method, path, TASK if path == "/api/tasks" else "", "application/json")
    assert response.status_code in {200, 201, 409}, response.content
    return len(asked)


@pytest.mark.parametrize("route", COSTS)
def test_a_route_costs_the_same_at_any_size(client: Client, monkeypatch: pytest.MonkeyPatch, route: str) -> None:
    Batch.objects.create(pk=1, kind="mathtask", total=1, fingerprint="")
    at_rest, few, many = (route.replace("ID", str(identity)) for identity in store(10, batch_id=1)[:3])
    assert cost(client, at_rest, monkeypatch) == COSTS_AT_REST[route]
    held("w/1", 10, batch_id=1)
    cost_of_few = cost(client, few, monkeypatch)
    store(300, batch_id=1)
    for worker in range(2, 9):
        held(f"w/{worker}", 10)
    assert (cost_of_few, cost(client, many, monkeypatch)) == (COSTS[route], COSTS[route])


@pytest.mark.parametrize("path", OF_READINGS)
def test_another_kind_costs_the_same_as_the_first(client: Client, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    Reading.objects.bulk_create([Reading(text="word " * 500, language="en") for _ in range(60)])
    first = path.replace("language=en", "task_type=add").replace("/reading/stats", "/stats").replace("reading", "tasks")
    assert cost(client, f"GET {path}", monkeypatch) == cost(client, f"GET {first}", monkeypatch)
