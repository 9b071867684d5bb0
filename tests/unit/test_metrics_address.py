"""Who is answered at /metrics and /metrics/container, and with what when the database is away."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings
from rows import database_away
from scraping import Told
from scraping import fresh as fresh  # a fixture

from durable.http import metrics as answering
from durable.stats import Memory

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_answer_is_shared_for_a_second(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    first = client.get("/metrics").content
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/metrics").content == first
        monkeypatch.setattr(answering, "memory", Memory("metrics", answering.count))  # another process
        assert client.get("/metrics").content == first
    assert len(asked) == 0


def test_without_the_database_it_says_so_and_nothing_else(client: Client) -> None:
    with database_away():
        response = client.get("/metrics")
    assert response.status_code == 200
    lines = [line for line in response.content.decode().splitlines() if not line.startswith("#")]
    assert lines == ["durable_database_up 0.0"]
    assert Told().value("durable_database_up") == 1


@pytest.mark.parametrize("path", ["/metrics", "/metrics/container"])
@pytest.mark.parametrize("access", ["open", "login"])
def test_whoever_comes_through_a_proxy_finds_nothing(
    client: Client, settings: Settings, path: str, access: str
) -> None:
    settings.ACCESS = access
    assert client.get(path, headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 404
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 405


def test_a_page_of_a_strangers_name_cannot_read_it(client: Client) -> None:
    assert client.get("/metrics", headers={"Host": "evil.example"}).status_code == 400


class FakeUwsgi:
    """What uWSGI tells of itself."""

    opt = {"listen": b"1024"}

    @staticmethod
    def workers() -> list[dict[str, Any]]:
        """Two processes."""
        return [
            {"status": b"busy", "respawn_count": 2},
            {"status": b"idle", "respawn_count": 1},
        ]

    @staticmethod
    def listen_queue() -> int:
        """Who waits."""
        return 7


def test_the_container_that_answers_tells_of_its_own_processes(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/metrics/container").content == b""  # outside of uWSGI
    monkeypatch.setattr(answering, "uwsgi", FakeUwsgi)
    monkeypatch.setenv("WEB_LANE", "bulk")
    found = client.get("/metrics/container").content.decode()
    samples = {s.name: s for family in text_string_to_metric_families(found) for s in family.samples}
    assert samples["uwsgi_listen_queue"].value == 7
    assert samples["uwsgi_listen_queue_limit"].value == 1024
    assert samples["uwsgi_listen_queue"].labels.keys() == {"container", "lane"}
    assert samples["uwsgi_listen_queue"].labels["lane"] == "bulk"
    assert samples["uwsgi_respawns_total"].value == 3
    assert 'lane="bulk",state="busy"} 1.0' in found
