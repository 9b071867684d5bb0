"""Counts, pace and workers, at a bounded cost."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings
from redis.exceptions import ConnectionError as RedisAway
from rows import KIND, held, sign, store

from durable import stats
from durable.counters import Counter

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]


@pytest.fixture(autouse=True)
def fresh(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache in memory, and nothing remembered."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    monkeypatch.setattr(stats, "memories", {})
    yield
    cache.clear()


def test_it_counts_tasks_and_workers(client: Client) -> None:
    store(3), store(2, status="failed"), held("w/1", 4)
    sign("w", [1])
    sign("gone", [1], beat=60)
    found = client.get("/api/stats").json()
    assert found["counts"] == {"scheduled": 0, "created": 3, "pending": 4, "success": 0, "failed": 2, "cancelled": 0}
    assert (found["capped"], found["workers"], found["queue_depth"], found["history"]) == ([], 1, 3, [])


def test_a_count_is_bounded_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stats, "COUNTED", 2)
    store(3), store(2, status="failed")
    found = stats.stats()
    assert (found["counts"]["created"], found["counts"]["failed"], found["capped"]) == (2, 2, ["created"])


def test_an_answer_is_shared_for_a_second(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):
        stats.stats()
    with django_assert_num_queries(0):
        stats.stats()
        monkeypatch.setattr(stats, "memories", {})  # another process
        stats.stats()


def test_without_the_cache_the_process_counts_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = []

    def away(*_: Any, **__: Any) -> Any:
        asked.append(1)
        raise RedisAway("refused")

    monkeypatch.setattr(type(cache._connections["default"]), "get", away)  # type: ignore[attr-defined]
    store(1)
    assert stats.stats()["counts"]["created"] == 1
    stats.memories[KIND.name].until = 0.0
    store(1)
    assert stats.stats()["counts"]["created"] == 2
    assert len(asked) == 1  # and leaves the cache alone for a while
    assert caplog.text.count("cache away") == 1


def test_the_pace_is_that_of_the_whole_steps(client: Client) -> None:
    now = int(time.time()) // 10 * 10
    tries = {"waited": 4_400_000, "ran": 44_000, "wait_8": 44, "run_4": 44}
    for start, process, numbers in (
        (now, "a", {"success": 1_000}),  # not over yet
        (now - 10, "a", {"success": 40, **tries}),
        (now - 10, "b", {"failed": 4, "again": 2, "cancelled": 3}),
        (now - 60, "a", {"success": 100}),
        (now - 70, "a", {"success": 1_000}),
        (now - 700, "a", {"success": 1_000}),
    ):
        Counter.objects.create(kind=KIND.name, seconds=10, start=start, process=process, **numbers)
    found = client.get("/api/stats").json()
    if int(time.time()) // 10 * 10 != now:
        pytest.skip("a step began meanwhile: run it once more")
    assert [step["ended"] for step in found["history"]] == [1_000, 100, 0, 0, 0, 0, 44]
    step = found["history"][-1]
    assert datetime.fromisoformat(step["time"]).timestamp() == now - 10
    assert (step["success"], step["failed"], step["cancelled"], step["again"]) == (40, 4, 3, 2)
    assert (step["waiting_mean_ms"], step["running_mean_ms"]) == (100.0, 1.0)
    assert found["throughput"] == round(144 / 60, 1)
    assert (found["waiting_ms"], found["running_p95_ms"]) == (step["waiting_ms"], step["running_p95_ms"])
    assert found["history"][1]["running_ms"] is None
