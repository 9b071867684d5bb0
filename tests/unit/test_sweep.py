"""What no message stands for is published again, and what dead workers held."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from celery import current_app
from django.core.cache import cache
from kombu.exceptions import OperationalError as BrokerError
from pytest_django import Settings
from rows import KIND, ago, database_away, held, sign, states, store, take

from arithmetic.models import MathTask
from durable import claims, sweep
from durable.celery.broker import QUEUES
from durable.celery.depths import depths_of
from durable.claimed import Claim

pytestmark = pytest.mark.django_db(transaction=True)


class Broker:
    """Stands for the broker: notes the messages, or is away."""

    def __init__(self) -> None:
        self.messages: list[list[int]] = []
        self.queues: list[str] = []
        self.rounds: list[int] = []
        self.away = False

    def send(self, kind: str, round: int, ids: Sequence[int], *_: Any, queue: str) -> None:
        """Takes the place of tasks.send."""
        assert kind == KIND.name
        if self.away:
            raise BrokerError("connection refused")
        self.messages.append(list(ids))
        self.queues.append(queue)
        self.rounds.append(round)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    fake = Broker()
    monkeypatch.setattr(sweep, "send", fake.send)
    return fake


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[None]:
    """Celery's own broker in memory, and a cache likewise: what finds out about the queue runs for real."""
    monkeypatch.setenv("CELERY_BROKER_URL", "memory://")
    monkeypatch.setattr(current_app, "_pool", None)
    monkeypatch.setattr(current_app.amqp, "_producer_pool", None)
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    purge_queue()
    yield
    purge_queue()


def purge_queue() -> None:
    with current_app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        for name in QUEUES:
            channel.queue_declare(name)
            channel.queue_purge(name)


def test_fresh_rows_are_published_again_in_chunks_and_tried_ones_alone(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("durable.messages.MOST", 2)
    fresh, tried = store(5, update_time=ago(60)), store(2, update_time=ago(60), attempts=1)
    store(update_time=ago(1))
    held("w/1", update_time=ago(60))
    sweep.republish("tasks", ago(10))
    assert sorted(broker.messages) == sorted([fresh[:2], fresh[2:4], fresh[4:], tried[:1], tried[1:]])


def test_a_second_sweep_at_once_publishes_nothing(broker: Broker) -> None:
    store(3, update_time=ago(60))
    sweep.republish("tasks", ago(10))
    sweep.republish("tasks", ago(10))
    assert len(broker.messages) == 1


def test_the_rows_of_dead_workers_are_published_one_by_one(broker: Broker) -> None:
    sign("witness", [1], since=60)
    ids = held("gone/1", 3)
    sweep.release_lost()
    assert sorted(broker.messages) == [[task_id] for task_id in ids]
    assert set(broker.rounds) == {1}
    assert states(ids) == ["created"] * 3


def test_an_empty_queue_has_forgotten_what_waits(broker: Broker, queue: None) -> None:
    sign("w", [1])
    forgotten = store(2, update_time=ago(10))
    store(update_time=ago(2))
    sweep.sweep()
    assert broker.messages == [forgotten]


def test_without_a_worker_nothing_is_published_again(broker: Broker, queue: None) -> None:
    sign("w", [1], beat=60)
    store(update_time=ago(10))
    sweep.sweep()
    assert broker.messages == []


def test_a_long_queue_is_probed_rather_than_flooded(broker: Broker, queue: None) -> None:
    sign("w", [1])
    forgotten = store(update_time=ago(10))
    current_app.send_task("durable.run", args=[KIND.name, 0, [1]], queue="tasks")
    for _ in range(3):
        sweep.sweep()
    assert broker.messages == []
    assert depths_of(["tasks"]) == {"tasks": 2}  # one probe alone
    sweep.probe("tasks", ago(5).isoformat())  # it comes through
    assert broker.messages == [forgotten]
    sweep.sweep()
    assert depths_of(["tasks"]) == {"tasks": 3}  # and the next one may be sent


def test_a_lost_probe_is_replaced_after_a_minute(queue: None, monkeypatch: pytest.MonkeyPatch) -> None:
    sign("w", [1])
    current_app.send_task("durable.run", args=[KIND.name, 0, [1]], queue="tasks")
    sweep.sweep()
    now = ago(0).timestamp()
    for later, depth in ((55, 2), (65, 3)):
        monkeypatch.setattr("django.core.cache.backends.locmem.time.time", lambda later=later: now + later)
        sweep.sweep()
        assert depths_of(["tasks"]) == {"tasks": depth}


def test_each_queue_is_judged_by_itself(broker: Broker, queue: None) -> None:
    sign("w", [1])
    store(update_time=ago(10))
    batched = store(2, update_time=ago(10), queue="batches")
    current_app.send_task(
        "durable.run", args=[KIND.name, 0, [1]], queue="tasks"
    )  # long, and forgotten nothing, for all we know
    sweep.sweep()
    assert (broker.messages, broker.queues) == ([batched], ["batches"])
    assert depths_of(["tasks"]) == {"tasks": 2}


def test_what_a_dead_worker_held_goes_back_to_its_own_queue(broker: Broker) -> None:
    sign("witness", [1], since=60)
    single, batched = held("gone/1"), held("gone/1", queue="batches")
    sweep.release_lost()
    assert sorted(zip(broker.messages, broker.queues, strict=True)) == [(single, "tasks"), (batched, "batches")]


def test_a_sweep_is_put_off_while_the_broker_is_away(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    sign("witness", [1], since=60)
    ids = held("gone/1")
    broker.away = True
    sweep.sweep()
    assert "sweep: put off, connection refused" in caplog.text
    assert states(ids) == ["created"]  # the next sweep publishes it


def test_a_sweep_is_put_off_while_the_database_is_away(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    with database_away():
        sweep.sweep()
    assert "sweep: put off" in caplog.text


def test_nothing_is_lost_when_the_broker_goes_between_two_messages(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("durable.messages.MOST", 1)
    ids = store(2, update_time=ago(60))
    broker.away = True
    with pytest.raises(BrokerError):
        sweep.republish("tasks", ago(10))
    broker.away = False
    MathTask.objects.update(update_time=ago(20))
    sweep.republish("tasks", ago(10))
    assert sorted(broker.messages) == [[task_id] for task_id in ids]


def overdue(queue: str = "tasks") -> list[tuple[int, int, int]]:
    """(id, round, attempts) of what waits without a message."""
    return sweep.overdue(KIND, queue, ago(10))


def test_overdue_rows_come_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    older, old = store(update_time=ago(20)), store(update_time=ago(30), attempts=2, round=3)
    store(update_time=ago(5))
    assert overdue() == [(older[0], 0, 0), (old[0], 3, 2)]
    monkeypatch.setattr(sweep, "LIMIT", 1)
    assert overdue() == [(older[0], 0, 0)]


def test_what_is_claimed_is_not_forgotten_and_uses_up_nothing_of_the_look(monkeypatch: pytest.MonkeyPatch) -> None:
    held("w/1", 5, update_time=ago(60))
    forgotten = store(update_time=ago(20))
    monkeypatch.setattr(sweep, "LIMIT", 1)
    assert overdue() == [(forgotten[0], 0, 0)]
    Claim.objects.update(round=1)  # of another round: it covers none of them
    monkeypatch.setattr(sweep, "LIMIT", 9)
    assert len(overdue()) == 6


def test_what_is_claimed_while_the_sweep_looks_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    ids, covered = store(update_time=ago(20)), claims.covered

    def meanwhile(kind: Any) -> Any:
        take("w/1", ids)
        return covered(kind)

    monkeypatch.setattr(claims, "covered", meanwhile)
    assert overdue() == []


def test_rows_of_several_rounds_go_in_messages_of_one_round(broker: Broker) -> None:
    first, second = store(3, update_time=ago(60)), store(2, update_time=ago(60), round=4)
    sweep.republish("tasks", ago(10))
    assert sorted(zip(broker.rounds, broker.messages, strict=True)) == [(0, first), (4, second)]


def test_a_forgotten_single_task_is_in_sight_behind_any_number_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    store(5, batch_id=1, queue="batches", update_time=ago(20))
    single = store(update_time=ago(20))
    monkeypatch.setattr(sweep, "LIMIT", 1)
    assert overdue() == [(single[0], 0, 0)]


def test_overdue_rows_of_a_batch_come_into_sight_as_those_before_them_are_worked_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = store(3, update_time=ago(1))
    batched = store(batch_id=1, queue="batches", update_time=ago(20))
    monkeypatch.setattr(sweep, "LIMIT", 3)
    assert overdue("batches") == []
    MathTask.objects.filter(pk__in=before).update(status="success")
    assert overdue("batches") == [(batched[0], 0, 0)]


def test_a_row_is_touched_by_one_sweep_alone() -> None:
    ids, before = store(2, update_time=ago(20)), ago(10)
    assert MathTask.objects.touch(ids, before) == 2
    assert MathTask.objects.touch(ids, before) == 0
    assert MathTask.objects.touch(store(status="failed", update_time=ago(20)), before) == 0
