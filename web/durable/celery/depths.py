"""How many messages wait in the broker's queues."""

from collections.abc import Iterable
from typing import Any

from celery import current_app
from kombu import Connection
from kombu.exceptions import OperationalError


def depths_of(queues: Iterable[str]) -> dict[str, int]:
    """How many messages wait in each queue; raises kombu's OperationalError where the broker is away."""
    with current_app.connection_for_write() as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0)
            return {queue: ready(connection, queue) for queue in queues}
        except connection.connection_errors as error:
            raise OperationalError(str(error)) from error


def ready(connection: Connection, queue: str) -> int:
    """How many messages wait in the queue; those that a worker holds are not among them."""
    channel: Any = connection.channel()
    try:
        return int(channel.queue_declare(queue=queue, passive=True).message_count)
    except connection.channel_errors:  # an empty list does not exist in Redis
        return 0
