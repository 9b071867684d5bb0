"""What a page of another origin sends is refused, by what the browser says of it."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from sentences import sentence

from arithmetic.models import MathTask

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("plain_static", "published")]
GOOD = {"x": "1", "task_type": "add", "y": "2"}
HOST = "abacus.example:8000"


def send(method: str = "POST", path: str = "/api/tasks", **headers: str) -> Any:
    """A request with these headers, to our host."""
    given = {"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    data = GOOD if path.startswith("/api/") and method == "POST" else None
    return Client().generic(method, path, json.dumps(data) if data else "", "application/json", headers=given)


@pytest.fixture(autouse=True)
def hosts(settings: Settings) -> None:
    """One name, and one more that a proxy gives us."""
    settings.ALLOWED_HOSTS = ["abacus.example", "testserver"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://shop.example", "https://*.shop.example"]


REFUSED = [
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Sec_Fetch_Site": "another word"},
    {"Sec_Fetch_Site": "cross-site", "Origin": f"http://{HOST}"},
    {"Origin": "http://evil.example"},
    {"Origin": "http://abacus.example"},  # another port
    {"Origin": f"http://{HOST}.evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "https://evil.example/?https://shop.example"},
    {"Origin": "http://shop.example"},  # not by https
    {"Origin": "https://evilshop.example", "Sec_Fetch_Site": "cross-site"},
]
TAKEN = [
    {},
    {"Sec_Fetch_Site": "same-origin", "Origin": f"http://{HOST}"},
    {"Sec_Fetch_Site": "same-origin", "Origin": "https://behind.a.proxy.example"},
    {"Sec_Fetch_Site": "none"},
    {"Origin": f"http://{HOST}"},
    {"Origin": f"https://{HOST.upper()}"},
    {"Origin": "https://shop.example"},
    {"Origin": "https://shop.example", "Sec_Fetch_Site": "cross-site"},
    {"Origin": "https://www.shop.example", "Sec_Fetch_Site": "same-site"},
]


@pytest.mark.parametrize("headers", REFUSED, ids=str)
def test_another_origin_is_refused_with_a_sentence(headers: dict[str, str]) -> None:
    response = send(**headers)
    assert response.status_code == 403
    assert "DJANGO_CSRF_TRUSTED_ORIGINS" in sentence(response)
    assert MathTask.objects.count() == 0


@pytest.mark.parametrize("headers", TAKEN, ids=str)
def test_our_own_origin_a_trusted_one_and_a_command_line_are_taken(headers: dict[str, str]) -> None:
    assert send(**headers).status_code == 201


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_is_not_refused(method: str) -> None:
    assert send(method, Sec_Fetch_Site="cross-site", Origin="http://evil.example").status_code in {200, 405}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/batches", "/tasks/act", "/language", "/admin/", "/api/batches", "/nothing"])
def test_it_is_so_at_each_address_and_with_each_method(method: str, path: str) -> None:
    assert send(method, path, Origin="http://evil.example").status_code == 403


@pytest.mark.parametrize("path", ["/", "/batches/new", "/language"])
@pytest.mark.parametrize("content_type", ["text/plain", "application/json", ""])
def test_a_page_takes_forms_alone(client: Client, path: str, content_type: str) -> None:
    response = client.generic("POST", path, "x=1", content_type)
    assert response.status_code == 415
    assert "multipart/form-data" in response.content.decode()
