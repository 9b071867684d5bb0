"""How large a body may be: a task and a form small, a batch large, a product's own pages as Django has it."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from sentences import sentence

from durable.http.sizes import MAX_BODY, SMALL_BODY, largest

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "path", ["/api/tasks", "/api/reading", "/api/tasks/cancel", "/api/batches/1/cancel", "/", "/tasks/act"]
)
def test_more_than_a_task_needs_is_refused_with_a_sentence(client: Client, path: str) -> None:
    body = b"x" * (SMALL_BODY + 1)
    response = client.post(path, body, "application/json" if path.startswith("/api/") else FORM)
    assert response.status_code == 413, response.content
    assert "16 kB" in response.content.decode()


def test_who_announces_no_length_is_refused_with_a_sentence(client: Client) -> None:
    more: dict[str, Any] = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    response = client.generic("POST", "/api/batches", b"", "text/csv", **more)
    assert response.status_code == 411
    assert "Content-Length" in sentence(response)


@pytest.mark.parametrize("length", ["-1", "1e3"])
def test_a_length_that_is_none_is_refused(client: Client, length: str) -> None:
    response = client.generic("POST", "/api/batches", b"", "text/csv", CONTENT_LENGTH=length)
    assert response.status_code == 413


def test_a_query_that_uwsgi_has_left_out_is_not_taken_for_none(client: Client) -> None:
    response = client.get("/api/tasks", REQUEST_URI="/api/tasks?status=failed")
    assert response.status_code == 414
    assert client.get("/api/tasks?limit=1", REQUEST_URI="/api/tasks?limit=1").status_code == 200
    assert client.get("/api/tasks", REQUEST_URI="/api/tasks?").status_code == 200


def routes(part: URLResolver, path: str = "", namespace: str = "") -> dict[str, tuple[Any, str]]:
    """Each route with its view and its namespace."""
    found = {}
    for entry in part.url_patterns:
        route = path + str(entry.pattern)
        if isinstance(entry, URLPattern):
            found[route] = (entry.callback, namespace)
        else:
            found.update(routes(entry, route, entry.namespace or namespace))
    return found


def test_only_batches_are_large_and_nothing_that_is_not_ours_is_made_small() -> None:
    class Match:
        def __init__(self, route: str, namespace: str) -> None:
            self.route, self.namespace = route, namespace

    large = {
        route
        for route, (view, namespace) in routes(get_resolver()).items()
        if largest(view, Match(route, namespace)) == MAX_BODY  # type: ignore[arg-type]
    }
    ours = {route for route in large if not route.startswith(("admin/", "language", "logout", "static"))}
    assert {"api/batches", "batches/new"} <= ours
    assert all(re.fullmatch("api/(\\w+/)?batches|(\\w+/)?batches/new", route) for route in ours), ours
    assert any(route.startswith("admin/") for route in large)


def test_the_admin_takes_a_form_of_a_hundred_kilobytes(client: Client) -> None:
    client.force_login(User.objects.create_superuser("alice"))
    response = client.post("/admin/auth/group/add/", {"name": "printers", "more": "x" * 100_000})
    assert response.status_code == 302
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE == 2_621_440  # Django's own
