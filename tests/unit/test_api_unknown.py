"""What the API does not know it refuses, and names; nothing is passed over as if it had not been said."""

import json
from typing import Any

import pytest
from django.test import Client
from rows import states, store
from sentences import sentence

from durable.models import Batch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
MORE = "error, worker, created_from, created_to"
FILTERS = f"status, task_type, batch, {MORE}"
JSON = "application/json"


@pytest.fixture
def client() -> Client:
    """As a program: every failure is an answer."""
    return Client(raise_request_exception=False)


def refused(response: Any, name: str, known: str) -> None:
    """It is, with a sentence that names the stranger and says what there is."""
    assert response.status_code == 422, response.content
    assert name in response.json()["fields"]
    error = response.json()["error"]
    assert error.startswith(f"{name}: ")
    assert known in error
    assert error.endswith(".")


@pytest.mark.parametrize("path", ["cancel", "retry"])
def test_a_misspelt_filter_changes_nothing(client: Client, path: str) -> None:
    ids = [*store(3), *store(3, status="failed")]
    response = client.post(f"/api/tasks/{path}", {"expected": 5000, "stauts": "failed"}, JSON)
    refused(response, "stauts", f"{FILTERS} and expected")
    assert states(ids) == ["created"] * 3 + ["failed"] * 3


def test_a_task_with_a_field_too_many_is_not_created(client: Client) -> None:
    response = client.post("/api/tasks", {"x": "1", "task_type": "add", "y": "2", "priority": 9}, JSON)
    refused(response, "priority", "x, task_type, y and run_after")
    assert client.get("/api/tasks").json()["items"] == []


def test_every_stranger_is_named_but_not_without_end(client: Client) -> None:
    body = {f"{'a' * 200}{n}": n for n in range(70)}
    response = client.post("/api/tasks", {**body, "x": "1", "task_type": "add", "y": "2"}, JSON)
    assert response.status_code == 422
    assert len(response.content) < 5_000


GETS = [
    ("/api/tasks", f"{FILTERS}, before, after, since and limit"),
    ("/api/tasks/ID", "none"),
    ("/api/tasks/matching", f"{FILTERS} and action"),
    ("/api/stats", "none"),
    ("/api/batches", "before and limit"),
    ("/api/batches/BATCH", "none"),
    ("/api/batches/BATCH/results.csv", "status"),
    ("/api/reading", f"status, language, batch, {MORE}, before, after, since and limit"),
    ("/api/reading/stats", "none"),
]


@pytest.mark.parametrize(("path", "known"), GETS)
@pytest.mark.parametrize("query", ["stauts=failed", "utm_source=x", "_=1764000000", "status%00=failed", "é=1"])
def test_an_unknown_parameter_is_refused(client: Client, path: str, known: str, query: str) -> None:
    batch = Batch.objects.create(kind="mathtask", total=1, fingerprint="")
    path = path.replace("ID", str(store(batch_id=batch.pk)[0])).replace("BATCH", str(batch.pk))
    response = client.get(f"{path}?action=cancel&{query}" if "matching" in path else f"{path}?{query}")
    refused(response, query.partition("=")[0].replace("%00", "\0"), known)


POSTS = ["/api/tasks", "/api/tasks/cancel", "/api/tasks/retry", "/api/tasks/ID/cancel", "/api/tasks/ID/retry"]
POSTS += ["/api/batches", "/api/batches/BATCH/cancel", "/api/reading", "/api/reading/batches"]


@pytest.mark.parametrize("path", POSTS)
def test_a_parameter_of_an_address_that_takes_none_is_refused(client: Client, path: str) -> None:
    batch = Batch.objects.create(kind="mathtask", total=1, fingerprint="")
    ids = store(batch_id=batch.pk)
    path = path.replace("ID", str(ids[0])).replace("BATCH", str(batch.pk))
    body = {"x": "1", "task_type": "add", "y": "2"} if path == "/api/tasks" else {"expected": 100}
    refused(client.post(f"{path}?status=failed", body, JSON), "status", "none")
    assert states(ids) == ["created"]


@pytest.mark.parametrize("path", ["/api/tasks/ID/cancel", "/api/tasks/ID/retry", "/api/batches/BATCH/cancel"])
def test_a_body_of_an_address_that_takes_none_is_refused(client: Client, path: str) -> None:
    batch = Batch.objects.create(kind="mathtask", total=1, fingerprint="")
    ids = store(batch_id=batch.pk)
    path = path.replace("ID", str(ids[0])).replace("BATCH", str(batch.pk))
    refused(client.post(path, {"status": "failed"}, JSON), "body", "takes no fields")
    assert states(ids) == ["created"]
    assert client.post(path, {}, JSON).status_code in (200, 409)  # as many clients send it


@pytest.mark.parametrize("query", ["status=failed&status=created", "limit=5&limit=5", "batch=1&batch="])
def test_a_parameter_that_is_there_twice_is_refused(client: Client, query: str) -> None:
    refused(client.get(f"/api/tasks?{query}"), query.partition("=")[0], "more than once")


def test_a_hundred_and_one_parameters_are_refused(client: Client) -> None:
    response = client.get("/api/tasks?" + "&".join(f"p{n}=1" for n in range(101)))
    assert response.status_code == 400
    assert sentence(response)


@pytest.mark.parametrize(
    "row", [{"x": "1", "task_type": "add", "y": "2", "z": "3"}, {"x": "1", "task_type": "add", "Y": "2"}]
)
def test_a_batch_with_an_unknown_field_is_refused(client: Client, row: dict[str, str]) -> None:
    response = client.post("/api/batches", json.dumps([row]), JSON)
    assert response.status_code == 422
    assert "exactly x, task_type and y" in response.json()["lines"][0]["error"]
    header = ",".join(row)
    response = client.post("/api/batches", f"{header}\n{','.join(row.values())}\n", "text/csv")
    assert response.status_code == 422
    assert "x,task_type,y" in sentence(response)
    assert Batch.objects.count() == 0
