"""What workers send back of messages waits behind the sweep's probe, which knows."""

import pytest
from django.core.cache import cache
from rows import KIND, ago, sign, store
from test_sweep import Broker
from test_sweep import broker as broker  # fixtures
from test_sweep import queue as queue

from durable import sent_back, sweep, tasks
from durable.sent_back import Behind

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_probe_knows_what_was_sent_back_behind_it_and_finds_the_rest(
    broker: Broker, queue: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign("w", [1])
    rest, forgotten = store(3, update_time=ago(10)), store(update_time=ago(10))
    first, second = sent_back.counted("tasks"), sent_back_of(rest, monkeypatch)
    third = sent_back_of(rest[1:], monkeypatch)  # and once more: two probes are under way
    sweep.probe("tasks", ago(5).isoformat(), first)
    assert broker.messages == [forgotten]
    sweep.probe("tasks", ago(5).isoformat(), second)
    assert broker.messages == [forgotten, rest[:1]]
    sweep.probe("tasks", ago(5).isoformat(), third)
    assert broker.messages == [forgotten, rest[:1], rest[1:]]
    assert [cache.get(sent_back.entry("tasks", number)) for number in (second, third)] == [None, None]


def test_a_probe_that_cannot_know_what_is_behind_it_says_nothing_and_the_next_one_does(
    broker: Broker, queue: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign("w", [1])
    forgotten = store(update_time=ago(10))
    before, after = sent_back.counted("tasks"), sent_back_of(forgotten, monkeypatch)
    cache.delete(sent_back.entry("tasks", after))  # lost, or not written yet
    sweep.probe("tasks", ago(5).isoformat(), before)
    cache.set(sent_back.counter("tasks"), 0)  # Redis was wiped
    sweep.probe("tasks", ago(5).isoformat(), after)
    assert broker.messages == []
    sweep.probe("tasks", ago(5).isoformat(), 0)
    assert broker.messages == [forgotten]


def sent_back_of(ids: list[int], monkeypatch: pytest.MonkeyPatch) -> int:
    """A worker takes a part of a message: what is left is behind the probe. The number of a probe after that."""
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "send", lambda *_, **__: None)
        tasks.send_back(KIND, 0, ids, "tasks", 1, "")
    return sent_back.counted("tasks")


def test_what_was_sent_back_is_forgotten_once_the_queue_is_empty(
    broker: Broker, queue: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign("w", [1])
    number = sent_back_of(store(2), monkeypatch)
    sweep.sweep()
    assert cache.get(sent_back.entry("tasks", number)) is None
    assert sent_back.counted("tasks") == number  # which a probe that is under way may have


def test_what_waits_behind_a_probe_is_known_by_kind_and_round() -> None:
    name = KIND.name
    behind = Behind([(name, 0, 10, 19), (name, 0, 15, 17), (name, 0, 20, 29), (name, 0, 40, 40), (name, 1, 30, 30)])
    assert [number for number in range(50) if behind.has(KIND, number, 0)] == [*range(10, 30), 40]
    assert [number for number in range(50) if behind.has(KIND, number, 1)] == [30]
    assert not Behind().has(KIND, 1, 0)
