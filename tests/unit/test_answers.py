"""What every answer carries, and the three answers about the state."""

import io
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings
from rows import database_away, sign

from durable.http import health

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]
# not /live, /ready and /health, which are answered before all else
PATHS = ["/", "/tasks", "/api/tasks", "/nothing", "/api/tasks/0"]


@pytest.fixture(autouse=True)
def unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has asked for /health before."""
    monkeypatch.setattr(health, "latest", health.Latest())


@pytest.mark.parametrize("path", PATHS)
def test_a_request_keeps_its_id(client: Client, path: str) -> None:
    assert client.get(path, headers={"X-Request-ID": "Az09._-"})["X-Request-ID"] == "Az09._-"


@pytest.mark.parametrize("given", ["", "a b", "a\nb", "x" * 65, "é", '"><script>'])
def test_a_request_without_a_decent_id_gets_one(client: Client, given: str) -> None:
    made = {client.get("/nothing", headers={"X-Request-ID": given})["X-Request-ID"] for _ in range(2)}
    assert len(made) == 2
    assert all(re.fullmatch(r"[0-9a-f-]{36}", identity) for identity in made)


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_allows_foreign_or_inline_code(client: Client, path: str) -> None:
    response = client.get(path)
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert "camera=()" in response["Permissions-Policy"]


def test_a_project_may_have_a_policy_of_its_own(client: Client, settings: Settings) -> None:
    settings.CONTENT_SECURITY_POLICY = "default-src 'none'"
    assert client.get("/")["Content-Security-Policy"] == "default-src 'none'"
    assert client.get("/api/docs")["Content-Security-Policy"] == "default-src 'none'; img-src 'self' data:"


def test_djangos_pages_for_developers_keep_their_styles(client: Client, settings: Settings) -> None:
    settings.DEBUG = True
    assert "Content-Security-Policy" not in client.get("/nothing")
    assert "Content-Security-Policy" in client.get("/")


def test_the_page_has_no_inline_code(client: Client) -> None:
    page = client.get("/").content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page)


@pytest.mark.parametrize("path", ["/live", "/ready"])
def test_a_check_makes_no_query(client: Client, django_assert_num_queries: DjangoAssertNumQueries, path: str) -> None:
    with django_assert_num_queries(0):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


@pytest.mark.parametrize("path", ["/live", "/ready", "/health"])
def test_a_check_may_name_any_host(client: Client, path: str) -> None:
    assert client.get(path, headers={"Host": "web.example:8000"}).status_code != 400
    assert client.get("/", headers={"Host": "web.example:8000"}).status_code == 400


def test_it_is_not_ready_while_it_drains(client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.DRAIN_FILE = tmp_path / "draining"
    assert client.get("/ready").status_code == 200
    settings.DRAIN_FILE.touch()
    assert client.get("/ready").status_code == 404
    assert client.get("/live").status_code == 200
    settings.DRAIN_FILE.unlink()
    assert client.get("/ready").status_code == 200


def test_the_drain_file_lies_where_run_sh_puts_it(settings: Settings) -> None:
    assert Path(settings.RUN_DIR) / "draining" == settings.DRAIN_FILE


@pytest.fixture
def redis_well(settings: Settings) -> None:
    """A cache that answers."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


@pytest.mark.usefixtures("redis_well")
def test_all_is_well(client: Client) -> None:
    sign("w", [1])
    response = client.get("/health")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "database": "ok", "redis": "ok", "workers": "ok", "access": "open"}
    assert response["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("redis_well")
def test_health_tells_that_no_worker_is_there(client: Client) -> None:
    sign("w", [1], beat=60)
    response = client.get("/health")
    assert (response.status_code, response.json()["status"]) == (503, "degraded")
    assert response.json()["workers"].startswith("away: ")


@pytest.mark.usefixtures("redis_well")
def test_health_tells_that_the_database_is_away(client: Client) -> None:
    with database_away():
        response = client.get("/health")
    assert response.status_code == 503
    assert response.json() == {"status": "degraded", "database": "away", "redis": "ok", "access": "open"}


def test_health_tells_that_redis_is_away_and_the_log_tells_why(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    sign("w", [1])
    response = client.get("/health")  # no Redis runs in these tests
    assert re.search(r"health: Redis is away: .*redis\.sock", caplog.text)
    assert response.status_code == 503
    assert response.json() == {
        "status": "degraded",
        "database": "ok",
        "redis": "away",
        "workers": "ok",
        "access": "open",
    }


def test_however_many_ask_for_health_each_part_is_asked_once_a_second(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def look() -> dict[str, str]:
        looks.append(time.monotonic())
        time.sleep(0.3)  # a part that takes its time
        return {"database": "ok"}

    monkeypatch.setattr(health, "look", look)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: Client().get("/health").json(), range(40)))
    assert answers == [{"status": "ok", "database": "ok", "access": "open"}] * 40
    assert len(looks) == 1
    health.latest.until = time.monotonic()
    client.get("/health")
    assert len(looks) == 2


@pytest.mark.parametrize("path", ["/api/tasks/1", "/nothing", "/tasks"])
def test_a_body_that_nobody_wants_is_read_to_its_end(path: str) -> None:
    body = b"x" * 200_000
    environ = RequestFactory().put(path, body, "application/json").environ
    environ["wsgi.input"] = unread = io.BytesIO(body)
    response = WSGIHandler()(environ, lambda *_: bytes)
    response.close()
    assert response.status_code in {403, 404, 405, 413}
    assert unread.tell() == len(body)
