"""Addresses and forms of the page that no page of ours would send: a sentence, never a 500."""

from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rows import store

from arithmetic.models import MathTask
from durable.models import Batch
from durable.states import Status

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]
ODD = ["", "x", "0", "-1", "1.5", "9" * 18, "9" * 19, "9" * 5000, "٣", "1\0", "<script>", "1 OR 1=1", "é" * 300]
HEAD = b"x,task_type,y\n"
Published = list[tuple[int, str]]


@pytest.fixture
def client() -> Client:
    """A browser without a session; every failure is an answer."""
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("name", ["status", "task_type", "batch", "id", "since", "lang", "before", "after"])
def test_odd_filters_are_no_failure(client: Client, name: str, value: str) -> None:
    store(1)
    for path in ("/", "/tasks/now", "/tasks/many"):
        response = client.get(f"{path}?action=cancel&{name}={quote(value)}")
        assert response.status_code in ({200, 303, 400} if not value else {200, 400}), (path, response.content)


@pytest.mark.parametrize(
    "since", ["2026-01-01T00:00:00Z", "2026-01-01", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
)
def test_odd_moments_are_no_failure(client: Client, since: str) -> None:
    store(1)
    assert client.get("/tasks/now", {"since": since}).status_code == 200


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/tasks/act", "cancel"),
        ("/tasks/act", "query"),
        ("/tasks/many", "action"),
        ("/tasks/many", "expected"),
        ("/batches/cancel", "batch"),
        ("/batches/new", "idempotency_key"),
        ("/language", "language"),
    ],
)
def test_odd_forms_are_no_failure(client: Client, published: Published, path: str, data: str, value: str) -> None:
    response = client.post(path, {data: value})
    assert response.status_code < 500
    assert published == []


def test_a_change_leads_back_to_the_list_as_it_was(client: Client) -> None:
    (task,) = store()
    response = client.post("/tasks/act", {"cancel": task, "query": "status=created&before=9"})
    assert (response.status_code, response["Location"]) == (303, "/?status=created&before=9#tasks-heading")
    assert MathTask.objects.get().status == Status.CANCELLED


@pytest.mark.parametrize("query", ["//evil.example", "\r\nX: y", "a#b", "javascript:alert(1)"])
def test_a_change_leads_nowhere_else(client: Client, query: str) -> None:
    (task,) = store()
    response = client.post("/tasks/act", {"cancel": task, "query": query})
    assert response.status_code == 303
    assert response["Location"].startswith(("/?", "/#"))


def test_a_change_that_comes_too_late_is_refused_with_the_present_state(client: Client) -> None:
    (task,) = store(status=Status.SUCCESS)
    response = client.post("/tasks/act", {"cancel": task})
    assert response.status_code == 409
    assert f"Task {task} is success" in response.content.decode()
    assert client.post("/tasks/act", {"retry": task + 1}).status_code == 404


@pytest.mark.parametrize("path", ["/tasks/act", "/tasks/many", "/batches/cancel", "/batches/new", "/language"])
def test_forms_from_elsewhere_are_refused(path: str) -> None:
    assert Client(enforce_csrf_checks=True).post(path, {}).status_code == 403


def test_many_are_changed_only_as_confirmed(client: Client, published: Published) -> None:
    store(3, status=Status.FAILED)
    few = client.post("/tasks/many?status=failed", {"action": "retry", "expected": "2"})
    assert (few.status_code, MathTask.objects.filter(status=Status.FAILED).count()) == (409, 3)
    all_three = client.post("/tasks/many?status=failed", {"action": "retry", "expected": "3"})
    assert (all_three.status_code, MathTask.objects.filter(status=Status.CREATED).count()) == (303, 3)


def upload(client: Client, content: bytes, **more: Any) -> Any:
    """Send a file."""
    return client.post("/batches/new", {"file": SimpleUploadedFile("a.csv", content), "idempotency_key": "k"}, **more)


@pytest.mark.parametrize(
    "content", [b"", b"\xef\xbb\xbf", b"\xff\xfex\0", b"\0", HEAD, HEAD + b'"', HEAD + b"1,add\n", b"\r\n" * 1000]
)
@pytest.mark.parametrize("script", [False, True])
def test_a_bad_file_stores_nothing(client: Client, content: bytes, script: bool) -> None:
    response = upload(client, content, headers={"X-Requested-With": "fetch"} if script else {})
    assert response.status_code == 422
    assert Batch.objects.count() == MathTask.objects.count() == 0
    assert not script or response.json()["error"].endswith(".")


def test_the_same_file_sent_twice_is_one_batch(client: Client, published: Published) -> None:
    first, again = upload(client, HEAD + b"1,add,2\n"), upload(client, HEAD + b"1,add,2\n")
    assert (first.status_code, again["Location"]) == (303, first["Location"])
    assert upload(client, HEAD + b"1,add,3\n").status_code == 422
    assert MathTask.objects.count() == 1
