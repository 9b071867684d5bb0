"""Each route x each mode x each who: a new route is in here by itself, since the routes come from the resolver."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from people import WHO, client_of
from pytest_django import Settings

from durable.http.api import api

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("plain_static", "published")]

NOBODYS = {"open": {"read", "write"}, "read": {"read"}, "login": set[str]()}
OWN = {"reader": {"read"}, "writer": {"read", "write"}, "operator": {"read", "write", "operate"}}
FREE = {"/login", "/logout", "/language", "/admin/login/"}
OPERATORS = {"/api/events", "/api/events/1"}


def routes(patterns: Any = None, prefix: str = "/") -> Iterator[str]:
    """Every address of the site, with 1 for what varies."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + example(each.pattern)
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, route)
        elif isinstance(each, URLPattern):
            yield route


def example(pattern: Any) -> str:
    """An address that fits a pattern."""
    text = str(pattern)
    for name, converter in getattr(pattern, "converters", {}).items():
        for spelled in (f"<{type(converter).__name__.removesuffix('Converter').lower()}:{name}>", f"<{name}>"):
            text = text.replace(spelled, "1")
    # of the admin's catch-all and app lists, which are regular expressions
    return {"(?P<url>.*)$": "nothing"}.get(text, "auth/" if text.startswith("^(?P<app_label>") else text)


ROUTES = sorted({*routes(), "/nothing", "/api/nothing", "/nothing/deeper/", *OPERATORS})


def scope(path: str, method: str) -> str:
    """What it should need."""
    if path in FREE:
        return ""
    if path in OPERATORS or path.endswith(("/pause", "/resume")):
        return "operate"
    return "read" if method == "GET" or path.startswith("/admin/") else "write"


def may(mode: str, who: str, needed: str) -> bool:
    """Whether it should be let through."""
    return not needed or needed in NOBODYS[mode] | OWN.get(who.rpartition(" ")[2], set())


def refused(path: str, response: Any) -> bool:
    """Whether access refused it; who is let through may hear other refusals, those of the admin for one."""
    led = response.status_code == 302 and response["Location"].startswith("/login?") and path != "/admin/login/"
    return led or (response.status_code in (401, 403) and "WWW-Authenticate" in response)


def ask(client: Client, path: str, method: str) -> Any:
    """GET, or POST without anything in it."""
    return client.generic(method, path, "", "application/json" if path.startswith("/api/") else "")


def test_the_routes_are_all_there() -> None:
    documented = {
        path.replace("{task_id}", "1").replace("{batch_id}", "1") for path in api.get_openapi_schema()["paths"]
    }
    assert documented <= set(ROUTES)
    assert {
        "/",
        "/tasks",
        "/tasks/act",
        "/tasks/many",
        "/tasks/pause",
        "/tasks/resume",
        "/batches",
        "/batches/1",
        "/batches/new",
        "/tasks/1",
        "/tasks/1/again",
        "/tasks/chosen",
        "/activity",
        "/batches/cancel",
        "/login",
    } <= set(ROUTES)
    assert {"/reading/", "/reading/tasks", "/api/reading", "/api/docs", "/api/openapi.json"} <= set(ROUTES)
    assert {"/admin/", "/admin/auth/user/", "/admin/durable/token/add/", "/admin/arithmetic/mathtask/1/change/"} <= set(
        ROUTES
    )
    assert not [path for path in ROUTES if "<" in path or "(" in path or "^" in path]


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("mode", NOBODYS)
def test_each_route_lets_through_whom_it_should(settings: Settings, mode: str, who: str) -> None:
    settings.ACCESS = mode
    client = client_of(who, raise_request_exception=False)
    wrong = []
    for path in ROUTES:
        for method in ("GET", "POST"):
            if path in ("/logout", "/admin/logout/"):
                continue  # the session would be gone; see test_identities.py
            response = ask(client, path, method)
            if refused(path, response) == may(mode, who, scope(path, method)):
                wrong.append((method, path, response.status_code))
            assert who == "nobody" or response["Cache-Control"] == "private, no-store", path
    assert wrong == []


@pytest.mark.parametrize("path", [path for path in ROUTES if path not in FREE])
def test_a_stranger_learns_nothing_of_what_there_is(client: Client, settings: Settings, path: str) -> None:
    settings.ACCESS = "login"
    there, nowhere = client.get(path), client.get("/api/nowhere" if path.startswith("/api/") else "/nowhere")
    assert there.status_code == nowhere.status_code
    assert there.content.replace(path.encode(), b"") == nowhere.content.replace(b"/nowhere", b"")
    assert {*there.headers} - {"Location"} == {*nowhere.headers} - {"Location"}
