import json
from typing import Any

import pytest
from django.test import Client
from rows import database_away
from sentences import sentence

from arithmetic.models import MathTask
from arithmetic.operations import OPERATIONS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]
GOOD = {"x": "0.1", "task_type": "add", "y": "0.2"}
Published = list[tuple[int, str]]


@pytest.fixture
def client() -> Client:
    """As a program: every failure is an answer, and there is no cookie to protect."""
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def send(client: Client, body: Any, content_type: str = "application/json", **headers: str) -> Any:
    """POST /api/tasks."""
    data = body if isinstance(body, bytes) else json.dumps(body)
    return client.post("/api/tasks", data, content_type=content_type, headers=headers)


def test_a_created_task_is_answered_with_its_address(client: Client, published: Published) -> None:
    response = send(client, GOOD, **{"X-Request-ID": "abc-1"})
    task = response.json()
    assert response.status_code == 201
    assert response["Location"] == f"/api/tasks/{task['id']}"
    assert {**GOOD, "status": "created", "result": "", "error": "", "attempts": 0}.items() <= task.items()
    assert task["create_time"].endswith("Z")
    assert published == [(task["id"], "abc-1")]
    assert client.get(response["Location"]).json() == task


def test_a_number_is_stored_in_its_canonical_spelling(client: Client, published: Published) -> None:
    task = send(client, {"x": " +1e3 ", "task_type": "multiply", "y": ".50"}).json()
    assert (task["x"], task["y"]) == ("1E+3", "0.50")


BAD_BODIES: dict[str, tuple[Any, int, str]] = {
    "no number": ({**GOOD, "x": "abc"}, 422, "Type a number, such as"),
    "empty": ({**GOOD, "y": ""}, 422, "Type a number."),
    "blank": ({**GOOD, "y": " \n"}, 422, "Type a number."),
    "too large": ({**GOOD, "x": "1e9999"}, 422, "exponent"),
    "not finite": ({**GOOD, "x": "NaN"}, 422, "finite"),
    "infinite": ({**GOOD, "x": "-Infinity"}, 422, "finite"),
    "40 digits": ({**GOOD, "x": "1" * 40}, 422, "34 significant digits"),
    "10,000 digits": ({**GOOD, "x": "1" * 10_000}, 422, "x"),
    "a NUL": ({**GOOD, "x": "1\0"}, 422, "Type a number, such as"),
    "half a character": (b'{"x": "\\ud800", "task_type": "add", "y": "1"}', 422, "x"),
    "other digits": ({**GOOD, "x": "٣"}, 422, "Type a number, such as"),
    "a JSON number": ({**GOOD, "x": 0.1}, 422, "x"),
    "null": ({**GOOD, "x": None}, 422, "x"),
    "a list": ({**GOOD, "x": ["1"]}, 422, "x"),
    "an unknown operation": ({**GOOD, "task_type": "modulo"}, 422, ", ".join(OPERATIONS)),
    "an operation with a NUL": ({**GOOD, "task_type": "add\0"}, 422, ", ".join(OPERATIONS)),
    "a long operation": ({**GOOD, "task_type": "a" * 10_000}, 422, "task_type"),
    "a missing field": ({"x": "1", "task_type": "add"}, 422, "y"),
    "no object": ([GOOD], 422, "x"),
    "no JSON": (b"{x: 1}", 400, "JSON"),
    "nothing": (b"", 422, "body"),
    "half a body": (b'{"x": "1", "task', 400, "JSON"),
    "not UTF-8": (b'{"x": "\xff\xfe", "task_type": "add", "y": "1"}', 400, "JSON"),
    "NUL bytes": (b"\0" * 100, 400, "JSON"),
    "too deep": (b"[" * 16_000, 400, "JSON"),
    "a huge integer": (b'{"x": ' + b"9" * 10_000 + b"}", 400, "JSON"),
}


@pytest.mark.parametrize("kind", BAD_BODIES)
def test_bad_input_is_refused_with_a_sentence(client: Client, published: Published, kind: str) -> None:
    body, status, words = BAD_BODIES[kind]
    response = send(client, body)
    assert response.status_code == status
    assert words in sentence(response)
    assert MathTask.objects.count() == 0
    assert published == []


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "text/csv", ""],
)
def test_a_body_of_another_type_is_refused_with_a_sentence(client: Client, content_type: str) -> None:
    response = send(client, b"x=1&task_type=add&y=2", content_type)
    assert response.status_code == 415
    assert "application/json" in sentence(response)
    assert MathTask.objects.count() == 0


def test_a_body_over_the_limit_is_refused_with_a_sentence(client: Client) -> None:
    response = send(client, {**GOOD, "more": "m" * 16_384})
    assert response.status_code == 413
    assert "large" in sentence(response)
    assert MathTask.objects.count() == 0


def test_each_bad_field_has_its_own_sentences(client: Client) -> None:
    response = send(client, {"x": "abc", "task_type": "modulo", "y": ""})
    fields = response.json()["fields"]
    assert sorted(fields) == ["task_type", "x", "y"]
    assert fields["y"] == ["Type a number."]


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/api/tasks"), ("DELETE", "/api/tasks"), ("POST", "/api/tasks/1")]
)
def test_a_wrong_method_is_refused_with_a_sentence(client: Client, method: str, path: str) -> None:
    response = client.generic(method, path, b"{}", "application/json")
    assert response.status_code == 405
    assert "GET" in response["Allow"]
    assert sentence(response)


def test_an_unknown_address_is_answered_with_a_sentence(client: Client) -> None:
    response = client.get("/api/nothing")
    assert response.status_code == 404
    assert sentence(response)


@pytest.mark.parametrize("task_id", [0, -1, 1, 2**63, 2**64, 10**40])
def test_an_unknown_id_is_not_found(client: Client, task_id: int) -> None:
    response = client.get(f"/api/tasks/{task_id}")
    assert response.status_code == 404
    assert str(task_id) in sentence(response)


def test_the_same_key_gives_the_same_task(client: Client, published: Published) -> None:
    first = send(client, GOOD, **{"Idempotency-Key": "k1"})
    again = send(client, {**GOOD, "x": "+0.1"}, **{"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert again["Location"] == first["Location"]
    assert len(published) == 1


@pytest.mark.parametrize("change", [{"x": "0.10"}, {"y": "3"}, {"task_type": "minus"}])
def test_another_body_with_the_same_key_is_a_conflict(
    client: Client, published: Published, change: dict[str, str]
) -> None:
    send(client, GOOD, **{"Idempotency-Key": "k1"})
    response = send(client, {**GOOD, **change}, **{"Idempotency-Key": "k1"})
    assert response.status_code == 409
    assert "idempotency key" in sentence(response)
    assert len(published) == MathTask.objects.count() == 1


def test_a_key_may_have_128_characters_and_no_more(client: Client, published: Published) -> None:
    assert send(client, GOOD, **{"Idempotency-Key": "k" * 128}).status_code == 201
    response = send(client, GOOD, **{"Idempotency-Key": "k" * 129})
    assert response.status_code == 422
    assert "128" in sentence(response)
    assert len(published) == 1


def test_tasks_without_a_key_are_all_new(client: Client, published: Published) -> None:
    assert [send(client, GOOD).status_code for _ in range(2)] == [201, 201]
    assert [send(client, GOOD, **{"Idempotency-Key": ""}).status_code for _ in range(2)] == [201, 201]


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/tasks"), ("GET", "/api/tasks/1"), ("POST", "/api/tasks")])
def test_without_its_database_it_says_when_to_come_back(
    client: Client, published: Published, method: str, path: str
) -> None:
    with database_away():
        response = client.generic(method, path, json.dumps(GOOD), "application/json")
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert "try again" in sentence(response)
    assert response["X-Request-ID"]
    assert MathTask.objects.count() == len(published) == 0
