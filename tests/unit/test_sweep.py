from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.core.cache import cache
from django.utils import timezone
from django_celery_results.models import TaskResult
from kombu.exceptions import OperationalError as BrokerError
from pytest_django import Settings
from rows import ago, database_away, held, sign, states, store

from arithmetic import tasks
from arithmetic.models import Batch, MathTask, Worker

pytestmark = pytest.mark.django_db(transaction=True)


class Broker:
    """Stands for the broker: notes the messages, or is away."""

    def __init__(self) -> None:
        self.messages: list[list[int]] = []
        self.queues: list[str] = []
        self.away = False

    def send(self, ids: Sequence[int], *_: Any, queue: str) -> None:
        """Takes the place of tasks.send."""
        if self.away:
            raise BrokerError("connection refused")
        self.messages.append(list(ids))
        self.queues.append(queue)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    fake = Broker()
    monkeypatch.setattr(tasks, "send", fake.send)
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
        for name in tasks.QUEUES:
            channel.queue_declare(name)
            channel.queue_purge(name)


def test_fresh_rows_are_published_again_in_chunks_and_tried_ones_alone(broker: Broker, settings: Settings) -> None:
    settings.TASKS_PER_MESSAGE = 2
    fresh, tried = store(5, update_time=ago(60)), store(2, update_time=ago(60), attempts=1)
    store(update_time=ago(1))
    store(update_time=ago(60), status="pending")
    tasks.republish("tasks", ago(10))
    assert sorted(broker.messages) == sorted([fresh[:2], fresh[2:4], fresh[4:], tried[:1], tried[1:]])


def test_a_second_sweep_at_once_publishes_nothing(broker: Broker) -> None:
    store(3, update_time=ago(60))
    tasks.republish("tasks", ago(10))
    tasks.republish("tasks", ago(10))
    assert len(broker.messages) == 1


def test_the_rows_of_dead_workers_are_published_one_by_one(broker: Broker) -> None:
    sign("witness", [1], since=60)
    ids = held("gone/1", 3)
    tasks.release_lost()
    assert sorted(broker.messages) == [[task_id] for task_id in ids]
    assert states(ids) == ["created"] * 3


def test_an_empty_queue_has_forgotten_what_waits(broker: Broker, queue: None) -> None:
    sign("w", [1])
    forgotten = store(2, update_time=ago(10))
    store(update_time=ago(2))
    tasks.sweep()
    assert broker.messages == [forgotten]


def test_without_a_worker_nothing_is_published_again(broker: Broker, queue: None) -> None:
    sign("w", [1], beat=60)
    store(update_time=ago(10))
    tasks.sweep()
    assert broker.messages == []


def test_a_long_queue_is_probed_rather_than_flooded(broker: Broker, queue: None) -> None:
    sign("w", [1])
    forgotten = store(update_time=ago(10))
    current_app.send_task("arithmetic.run", args=[[1]], queue="tasks")
    for _ in range(3):
        tasks.sweep()
    assert broker.messages == []
    assert tasks.depths_of(["tasks"]) == {"tasks": 2}  # one probe alone
    tasks.probe("tasks", ago(5).isoformat())  # it comes through
    assert broker.messages == [forgotten]
    tasks.sweep()
    assert tasks.depths_of(["tasks"]) == {"tasks": 3}  # and the next one may be sent


def test_a_lost_probe_is_replaced_after_a_minute(queue: None, monkeypatch: pytest.MonkeyPatch) -> None:
    sign("w", [1])
    current_app.send_task("arithmetic.run", args=[[1]], queue="tasks")
    tasks.sweep()
    now = ago(0).timestamp()
    for later, depth in ((55, 2), (65, 3)):
        monkeypatch.setattr("django.core.cache.backends.locmem.time.time", lambda later=later: now + later)
        tasks.sweep()
        assert tasks.depths_of(["tasks"]) == {"tasks": depth}


def test_each_queue_is_judged_by_itself(broker: Broker, queue: None) -> None:
    sign("w", [1])
    store(update_time=ago(10))
    batched = store(2, update_time=ago(10), queue="batches")
    current_app.send_task("arithmetic.run", args=[[1]], queue="tasks")  # long, and forgotten nothing, for all we know
    tasks.sweep()
    assert (broker.messages, broker.queues) == ([batched], ["batches"])
    assert tasks.depths_of(["tasks"]) == {"tasks": 2}


def test_what_a_dead_worker_held_goes_back_to_its_own_queue(broker: Broker) -> None:
    sign("witness", [1], since=60)
    single, batched = held("gone/1"), held("gone/1")
    MathTask.objects.filter(pk__in=batched).update(queue="batches")
    tasks.release_lost()
    assert sorted(zip(broker.messages, broker.queues, strict=True)) == [(single, "tasks"), (batched, "batches")]


def test_a_sweep_is_put_off_while_the_broker_is_away(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    sign("witness", [1], since=60)
    ids = held("gone/1")
    broker.away = True
    tasks.sweep()
    assert "sweep: put off, connection refused" in caplog.text
    assert states(ids) == ["created"]  # the next sweep publishes it


def test_a_sweep_is_put_off_while_the_database_is_away(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    with database_away():
        tasks.sweep()
    assert "sweep: put off" in caplog.text


def test_nothing_is_lost_when_the_broker_goes_between_two_messages(broker: Broker, settings: Settings) -> None:
    settings.TASKS_PER_MESSAGE = 1
    ids = store(2, update_time=ago(60))
    broker.away = True
    with pytest.raises(BrokerError):
        tasks.republish("tasks", ago(10))
    broker.away = False
    MathTask.objects.update(update_time=ago(20))
    tasks.republish("tasks", ago(10))
    assert sorted(broker.messages) == [[task_id] for task_id in ids]


def test_a_purge_deletes_old_finished_rows_in_batches(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "PURGE_BATCH", 2)
    settings.RETENTION_DAYS = 3
    sign("gone", [1], beat=60)
    sign("alive", [1])
    day = timedelta(days=1).total_seconds()
    store(5, status="success", update_time=ago(3.1 * day))
    kept = store(status="success", update_time=ago(2.9 * day)) + store(update_time=ago(9 * day))
    assert tasks.purge() == 5
    assert sorted(MathTask.objects.values_list("pk", flat=True)) == kept
    assert Worker.objects.get().name == "alive"


def test_a_purge_ends_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "PURGE_SECONDS", -1)
    store(status="success", update_time=ago(99 * 86_400))
    assert tasks.purge() == 0


def test_a_purge_deletes_old_batches_without_tasks(settings: Settings) -> None:
    settings.RETENTION_DAYS = 3
    empty, used, new = (Batch.objects.create(total=1, fingerprint="") for _ in range(3))
    Batch.objects.filter(pk__in=[empty.pk, used.pk]).update(create_time=ago(4 * 86_400))
    store(batch_id=used.pk)
    assert tasks.purge() == 1
    assert set(Batch.objects.values_list("pk", flat=True)) == {used.pk, new.pk}


def test_a_purge_deletes_celerys_old_records_too(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "PURGE_BATCH", 2)
    settings.RETENTION_DAYS = 3
    for number, days in enumerate([4, 5, 6, 1]):
        record = TaskResult.objects.create(task_id=f"id-{number}")
        TaskResult.objects.filter(pk=record.pk).update(date_done=timezone.now() - timedelta(days=days))
    assert tasks.purge() == 3
    assert TaskResult.objects.get().task_id == "id-3"
