"""Celery's broker: what each transport has to be told, so that no outage hangs a process or loses a message."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from kombu import Queue

SINGLE, BATCHED = "tasks", "batches"
# consumed in turn: a single task waits behind one message of a batch, not behind the batch
QUEUES = (SINGLE, BATCHED)
CHECKED = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}  # by the public CAs


@dataclass(frozen=True)
class Broker:
    """One transport's part of Celery's settings."""

    name: str  # as people call it: on the page and in /health
    options: dict[str, Any] = field(default_factory=dict)
    queue_arguments: dict[str, Any] = field(default_factory=dict)
    use_ssl: dict[str, Any] | bool = False
    publish_retry: bool = False  # else the sweep is the retry
    prefetch_reduction: bool = True  # for a while after an outage

    def queues(self) -> list[Queue]:
        """The queues, declared by whoever comes first."""
        return [Queue(name, queue_arguments=dict(self.queue_arguments)) for name in QUEUES]


def redis(scheme: str, tls: dict[str, Any]) -> Broker:
    """Redis by TCP or by a Unix socket, which knows neither a connect timeout nor keepalive.

    How long it leaves a message to who works on it follows from the kinds (durable.limits.fit_broker).
    """
    tcp = {"socket_connect_timeout": 2, "socket_keepalive": True}
    options = {
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "unacked_mutex_expire": 30,  # a killed restorer must not block the others for 5 minutes
        "health_check_interval": 5,  # a cut connection is noticed within 12 s instead of 42 s
        "socket_timeout": 5,
    }
    return Broker(
        "Redis",
        options if scheme == "redis+socket" else options | tcp,
        # Without options kombu would accept any certificate.
        use_ssl=(tls or CHECKED) if scheme == "rediss" else False,
    )


def rabbitmq(scheme: str) -> Broker:
    """RabbitMQ: a message counts as published once a quorum queue has it on disk."""
    options = {
        "confirm_publish": True,
        "connect_timeout": 3,
        # py-amqp waits for ever by default: for a confirmation, a handshake, the answer to a close
        "read_timeout": 5,
        "write_timeout": 5,
    }
    queue_arguments = {
        "x-queue-type": "quorum",
        # RabbitMQ 4's own default. What is handed out so often and dropped then, the sweep publishes again. A
        # consumer timeout is not set: the default of 30 minutes is far above what a worker may hold a message.
        "x-delivery-limit": 20,
    }
    # With the name missing py-amqp would accept any valid certificate; None stands for the URL's own host.
    use_ssl = {"server_hostname": None} if scheme == "amqps" else False
    return Broker(
        "RabbitMQ",
        options,
        queue_arguments,
        use_ssl,
        # A connection that broke while it was idle is found out by publishing: one more try, on a new one.
        publish_retry=True,
        # With quorum queues the consumers would keep the reduced count for good (celery/celery#9512).
        prefetch_reduction=False,
    )


def broker(url: str, redis_tls: dict[str, Any] | None = None) -> Broker:
    """What the transport of this URL needs; what else kombu speaks runs on its own defaults."""
    scheme = urlsplit(url).scheme
    if scheme in {"redis", "rediss", "redis+socket"}:
        return redis(scheme, redis_tls or {})
    if scheme in {"amqp", "amqps", "pyamqp"}:
        return rabbitmq(scheme)
    return Broker("The broker")
