"""What each transport is told: read from the settings' side, and asked of the libraries that obey it."""

import socket
from collections.abc import Iterator

import pytest
from amqp import Connection as AmqpConnection
from celery import Celery
from celery.utils.quorum_queues import detect_quorum_queues
from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError
from pytest_django import DjangoAssertNumQueries, Settings
from rows import KIND, sign

from durable import kinds
from durable.by import NOBODY
from durable.celery.app import app
from durable.celery.broker import QUEUES, Broker, broker
from durable.celery.consumer import Consumer
from durable.celery.depths import depths_of
from durable.http import health
from durable.pauses import pause, resume
from durable.workers import Worker, asking, hindrance

RABBITMQ = ["amqp://u:p@h//", "pyamqp://u:p@h//", "amqps://u:p@h//", "amqp://u:p@a//;amqp://u:p@b//"]


@pytest.fixture
def frozen() -> Iterator[str]:
    """The address of a broker that takes connections and says nothing, as a paused container does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"amqp://u:p@127.0.0.1:{server.getsockname()[1]}//"


@pytest.mark.parametrize("url", ["redis://h/0", "rediss://h/0", "redis+socket:///run/redis.sock?virtual_host=0"])
def test_redis_has_plain_queues_and_the_sweep_for_a_retry(url: str) -> None:
    found = broker(url)
    assert (found.name, found.queue_arguments, found.publish_retry) == ("Redis", {}, False)
    assert ("socket_connect_timeout" in found.options) == (not url.startswith("redis+socket"))
    assert [queue.name for queue in found.queues()] == list(QUEUES)


@pytest.mark.parametrize("url", RABBITMQ)
def test_rabbitmq_has_quorum_queues_that_celery_takes_for_such(url: str) -> None:
    found = broker(url)
    assert found.name == "RabbitMQ"
    another = Celery(broker=url, set_as_current=False)
    another.conf.task_queues = found.queues()
    assert detect_quorum_queues(another, "amqp")[0]
    assert [(queue.queue_arguments or {})["x-queue-type"] for queue in found.queues()] == ["quorum"] * len(QUEUES)


@pytest.mark.parametrize("url", RABBITMQ)
def test_rabbitmq_confirms_and_no_wait_for_it_is_without_an_end(url: str) -> None:
    connection = AmqpConnection(**broker(url).options)
    assert connection.confirm_publish
    for seconds in (connection.connect_timeout, connection.read_timeout, connection.write_timeout):
        assert seconds and seconds <= 5


def test_tls_compares_the_name_in_the_certificate() -> None:
    assert broker("amqps://h//").use_ssl == {"server_hostname": None}  # None: the URL's own host
    assert broker("rediss://h/0").use_ssl == {"ssl_cert_reqs": "required", "ssl_check_hostname": True}


def test_tls_with_redis_is_as_the_settings_say() -> None:
    tls = {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    assert broker("rediss://h/0", tls).use_ssl == tls
    assert broker("redis://h/0", tls).use_ssl is False
    assert broker("amqp://h//").use_ssl is False


def test_a_frozen_broker_is_noticed_within_twelve_seconds() -> None:
    # two heartbeats without an answer, looked at twice per heartbeat
    assert 2.5 * settings.CELERY_BROKER_HEARTBEAT < 13


def test_what_else_kombu_speaks_runs_on_its_own_defaults() -> None:
    assert broker("memory://") == Broker("The broker")


def test_the_worker_declares_no_queues_for_countdowns() -> None:
    steps = Consumer.Blueprint.default_steps
    assert not [step for step in steps if "delayed_delivery" in step]
    assert "celery.worker.consumer.tasks:Tasks" in steps


def test_a_frozen_broker_holds_nobody_for_ever(frozen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection(frozen, transport_options={**broker(frozen).options, "connect_timeout": 0.2})
    monkeypatch.setattr(app, "connection_for_write", lambda: connection)
    assert health.broker() == "away"
    with pytest.raises(OperationalError):
        depths_of(QUEUES)


@pytest.mark.django_db
def test_why_tasks_wait_is_one_statement_that_is_built_once(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    sign("gone", [1], beat=60)
    assert hindrance(KIND).startswith("No worker is running")
    sign("w", [1])
    pause(kind=kinds.get("reading"), by=NOBODY)
    with django_assert_num_queries(2):
        assert hindrance(KIND) == ""
        assert hindrance(kinds.get("reading")).startswith("These tasks are paused")
    resume(kind=kinds.get("reading"), by=NOBODY)
    before = asking.cache_info().misses
    with django_assert_num_queries(1):
        assert hindrance(kinds.get("reading")) == ""
    assert asking.cache_info().misses == before


@pytest.mark.django_db
def test_the_page_names_the_broker_that_is_away(settings: Settings) -> None:
    sign("w", [1])
    assert hindrance(KIND) == ""
    Worker.objects.update(consuming=False)
    for url, name in (("redis://h/0", "Redis"), ("amqp://h//", "RabbitMQ"), ("memory://", "The broker")):
        settings.BROKER = broker(url)
        assert hindrance(KIND) == f"{name} is away: new tasks are kept, and run once it is back."
