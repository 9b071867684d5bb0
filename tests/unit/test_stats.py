"""Counts, pace and workers, at a bounded cost."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from redis.exceptions import ConnectionError as RedisAway
from rows import KIND, ago, held, sign, store

from durable import pace, stats

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
    assert found["counts"] == {"created": 3, "pending": 4, "success": 0, "failed": 2, "cancelled": 0}
    assert (found["capped"], found["workers"], found["queue_depth"], found["history"]) == ([], 1, None, [])


def test_a_count_is_bounded_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stats, "COUNTED", 2)
    store(3), store(2, status="failed")
    found = stats.stats()
    assert (found["counts"]["created"], found["counts"]["failed"], found["capped"]) == (2, 2, ["created"])


def test_an_answer_is_shared_for_a_second(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(3):
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

    monkeypatch.setattr(type(cache._connections["default"]), "get_many", away)  # type: ignore[attr-defined]
    store(1)
    assert stats.stats()["counts"]["created"] == 1
    stats.memories[KIND.name].until = 0.0
    store(1)
    assert stats.stats()["counts"]["created"] == 2
    assert len(asked) == 1  # and leaves the cache alone for a while
    assert caplog.text.count("cache away") == 1


def test_the_sweep_notes_the_pace() -> None:
    clock = timezone.now()
    begin = clock.replace(second=clock.second // 10 * 10, microsecond=0)
    when = begin - pace.STEP / 2
    store(4, status="success", update_time=when, create_time=when - pace.STEP / 100, start_time=when)
    store(1, status="failed", update_time=begin, create_time=ago(60), start_time=ago(58), queue="batches")
    store(3, update_time=when)
    for _ in range(2):
        pace.note(clock, {"tasks": 2, "batches": 5})
    found = stats.stats()
    assert [(step["ended"], step["waiting_ms"]) for step in found["history"]] == [(4, 100.0), (1, 2000.0)]
    assert (found["queue_depth"], found["queues"]) == (7, {"tasks": 2, "batches": 5})
    assert found["throughput"] == round(4 / 60, 1)


def test_a_high_pace_is_estimated_by_the_last_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST", 3)
    end = timezone.now()
    for number in range(10):
        store(status="success", update_time=end - (number + 1) * timedelta(milliseconds=500))
    store(5, update_time=end - timedelta(milliseconds=100))
    assert pace.ended(KIND, end - timedelta(seconds=1), end) == 2  # few are counted
    assert pace.ended(KIND, end - timedelta(seconds=10), end) == 15  # 3 in the last 2 s


def test_the_pace_is_kept_for_ten_minutes() -> None:
    clock = timezone.now()
    for number in range(70):
        pace.note(clock + number * pace.STEP, {})
    assert len(stats.stats()["history"]) == pace.KEPT
