"""What the logs say: one event a line, or one JSON object, whatever a client sends."""

import json
import re
import socket
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from support.http import ask, create, finished
from support.needs import need
from support.stack import Stack, docker_missing
from support.waiting import wait_for

# What is no JSON: HAProxy's notices on itself and its servers, and what uWSGI says before it knows how to log.
NOTICES = re.compile(
    r"\[(NOTICE|WARNING|ALERT)\]|(Server )?(web|bulk)/\w+|Proxy |\[uWSGI\] getting INI|\[log-encoder\] "
)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
REQUEST = {"request_id": str, "client": str, "method": str, "uri": str, "status": int, "ms": int, "bytes": int}
HOSTILE = [
    b'/a"status=200',
    b'/a",status":"200',
    b"/a\\",
    b"/a%0a%0drequest%20method=GET",
    b"/a%00%1b[31m",
    b"/a?b={}\"'<>|^`",
    b"/" + b"a" * 8000,
    b'/"' + b'"' * 4000,
]


@pytest.fixture(scope="module")
def objects() -> Iterator[Stack]:
    """A stack that logs JSON."""
    need(docker_missing())
    with Stack("abacus-test-logs", LOG_FORMAT="json") as running:
        yield running


def send(stack: Stack, path: bytes) -> None:
    """A request as it is, which no client library would send."""
    with socket.create_connection(("127.0.0.1", stack.port), timeout=10) as client:
        client.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        while client.recv(65_536):
            pass


def lines(stack: Stack, *services: str) -> list[str]:
    """What they have logged, line by line."""
    return stack.compose("logs", "--no-log-prefix", "--no-color", *services).splitlines()


def told(stack: Stack, service: str) -> list[dict[str, Any]]:
    """What a service has logged, parsed; a line that is neither JSON nor a known notice is an error."""
    return [json.loads(line) for line in lines(stack, service) if line and not NOTICES.match(line)]


def requests(stack: Stack, service: str, request_id: str) -> list[dict[str, Any]]:
    """The lines of one request."""
    return [line for line in told(stack, service) if line.get("request_id") == request_id]


@pytest.mark.parametrize("service", ["haproxy", "web", "celery", "migrate"])
def test_each_line_is_an_object_with_the_same_keys(objects: Stack, service: str) -> None:
    identity = create(objects.url, "1", "add", "1")
    wait_for(lambda: finished(objects.url, identity), 20, "the task ends")
    for path in HOSTILE:
        send(objects, path)
    for line in told(objects, service):
        assert TIME.fullmatch(line["time"])
        assert line["level"] in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
        assert line["logger"]
        assert "message" in line
        if line["message"] == "request":
            assert {name: type(line[name]) for name in REQUEST} == REQUEST


def test_a_request_is_told_alike_by_haproxy_and_web(objects: Stack) -> None:
    answer = ask("GET", f"{objects.url}/api/tasks/999999999", headers={"X-Forwarded-For": "6.6.6.6"})
    identity = answer.headers["x-request-id"]
    told_by = [wait_for(partial(requests, objects, name, identity), 10, f"{name} tells") for name in ("haproxy", "web")]
    [[first], [second]] = told_by
    for name in ("client", "method", "uri", "status"):
        assert first[name] == second[name]
    assert (first["method"], first["uri"], first["status"]) == ("GET", "/api/tasks/999999999", 404)
    assert first["client"] != "6.6.6.6"


def test_one_id_leads_from_haproxy_to_the_outcome(objects: Stack) -> None:
    task = {"x": "1", "task_type": "add", "y": "41"}
    answer = ask("POST", f"{objects.url}/api/tasks", task)
    request_id, identity = answer.headers["x-request-id"], answer.json()["id"]
    wait_for(lambda: finished(objects.url, identity), 20, "the task ends")
    for service in ("haproxy", "web"):
        [line] = wait_for(partial(requests, objects, service, request_id), 10, f"{service} tells")
        assert (line["method"], line["status"]) == ("POST", 201)

    def ran() -> list[dict[str, Any]]:
        return [line for line in told(objects, "celery") if request_id in line.get("request_id", "")]

    [line] = wait_for(ran, 10, "the worker tells")
    assert line["message"].startswith("ran kind=mathtask ")
    assert objects.sql(f"SELECT request_id, status FROM math_task WHERE id = {identity}") == [[request_id, "success"]]


def test_uwsgi_starts_and_stops_in_objects(objects: Stack) -> None:
    sentences = [line["message"] for line in told(objects, "web") if line["logger"] == "uwsgi"]
    assert any(sentence.startswith("*** Starting uWSGI") for sentence in sentences)
    assert sum("spawned uWSGI worker" in sentence for sentence in sentences) >= 2


@pytest.mark.parametrize("path", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("form", ["json", "line"])
def test_a_client_cannot_write_another_line_or_field(request: pytest.FixtureRequest, form: str, path: bytes) -> None:
    running: Stack = request.getfixturevalue("objects" if form == "json" else "stack")
    mark = uuid.uuid4().hex
    send(running, b"/" + mark.encode() + path)
    for service in ("haproxy", "web"):

        def found(service: str = service) -> list[str]:
            return [line for line in lines(running, service) if mark in line]

        [line] = wait_for(found, 10, f"{service} tells")
        if form == "json":
            assert json.loads(line)["status"] != 200
        else:
            assert line.count('"') == 2
            assert line.isprintable()
