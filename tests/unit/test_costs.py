"""No request runs more statements when there are more rows."""

import json
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rows import store

from arithmetic import stats
from arithmetic.models import Batch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
TASK = json.dumps({"x": "1", "task_type": "add", "y": "2"})
# Statements of each route of the API; a list costs one for its rows and one for the cursor of changes.
COSTS = {
    "GET /api/tasks": 2,
    "GET /api/tasks?before=9": 2,
    "GET /api/tasks?status=created": 2,
    "GET /api/tasks?status=created&task_type=add": 3,
    "GET /api/tasks?batch=1": 2,
    "GET /api/tasks?since=0-0": 1,
    "GET /api/tasks/ID": 1,
    "GET /api/tasks/matching?action=cancel": 1,
    "GET /api/stats": 6,
    "GET /api/batches": 1,
    "GET /api/batches/1": 2,
    "GET /api/batches/1/results.csv": 1,  # and one for each thousand rows, as it is read
    "POST /api/tasks": 2,
    "POST /api/tasks/ID/cancel": 2,
    "POST /api/tasks/ID/retry": 2,
}


@pytest.fixture(autouse=True)
def fresh(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache in memory."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    yield
    cache.clear()


def cost(client: Client, route: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many statements it runs."""
    cache.clear()
    monkeypatch.setattr(stats, "memory", stats.Memory())
    method, path = route.split()
    with CaptureQueriesContext(connection) as asked:
        response = client.generic(method, path, TASK, "application/json")
    assert response.status_code in {200, 201, 409}, response.content
    return len(asked)


@pytest.mark.parametrize("route", COSTS)
def test_a_route_costs_the_same_at_any_size(client: Client, monkeypatch: pytest.MonkeyPatch, route: str) -> None:
    Batch.objects.create(pk=1, total=1, fingerprint="")
    path = route.replace("ID", str(store(10, batch_id=1)[0]))
    few = cost(client, path, monkeypatch)
    store(300, batch_id=1)
    assert (few, cost(client, path, monkeypatch)) == (COSTS[route], COSTS[route])
