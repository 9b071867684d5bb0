"""From an accepted request to a message that RabbitMQ has on disk, or a refusal, within a bounded time."""

import logging
import time
from typing import Any

from amqp.exceptions import MessageNacked
from celery import Celery, uuid
from kombu import Connection
from kombu.exceptions import OperationalError

from longtask.queues import DEAD, TASKS

logger = logging.getLogger(__name__)
PATIENCE = 2.0  # seconds for each step that RabbitMQ has to answer
COOLING = 1.0  # seconds without asking a RabbitMQ that did not answer: requests must not queue up for it
QUEUED = "QUEUED"  # stored before the message is sent; Celery itself has one word for waiting and unknown


class BrokerAway(Exception):
    """RabbitMQ did not confirm the message, so the work is not accepted."""


class QueueFull(Exception):
    """RabbitMQ refused the message: as many as may wait do so already."""


class Publisher:
    """A process's connections to RabbitMQ, which are kept open, and its memory of an outage."""

    def __init__(self, celery: Celery) -> None:
        self.celery = celery
        timeouts = {"read_timeout": PATIENCE, "write_timeout": PATIENCE, "max_retries": 0}
        options = {**celery.conf.broker_transport_options, **timeouts}
        connection = celery.connection_for_write(connect_timeout=PATIENCE, transport_options=options)
        self.pool = connection.Pool(limit=64)  # more than there are threads: nobody waits for one
        self.away_until = 0.0

    def publish(self, task: Any, *args: Any) -> str:
        """Store a new id, publish the task under it, and return it once RabbitMQ has confirmed."""
        if time.monotonic() < self.away_until:
            raise BrokerAway
        result_id = uuid()
        self.celery.backend.store_result(result_id, None, QUEUED)
        try:
            self.send(task, args, result_id)
        except OperationalError as error:
            logger.warning("RabbitMQ is away: %s", error)
            self.away_until = time.monotonic() + COOLING
            self.celery.backend.forget(result_id)
            raise BrokerAway from error
        except QueueFull:
            self.celery.backend.forget(result_id)
            raise
        return result_id

    def send(self, task: Any, args: tuple[Any, ...], result_id: str) -> None:
        """Send it, and once more if that fails at once: the connection was from before RabbitMQ's restart."""
        started = time.monotonic()
        try:
            self.send_once(task, args, result_id)
        except OperationalError:
            if time.monotonic() - started > PATIENCE / 2:
                raise
            self.send_once(task, args, result_id)

    def send_once(self, task: Any, args: tuple[Any, ...], result_id: str) -> None:
        """Declare the queues if this connection has not yet, publish, and wait for RabbitMQ's word."""
        connection = self.pool.acquire(block=True)
        try:
            # `mandatory`: a message that no queue takes is an error, and not confirmed.
            task.apply_async(
                args, task_id=result_id, connection=connection, declare=[DEAD, TASKS],
                retry=False, mandatory=True, confirm_timeout=PATIENCE,
            )  # fmt: skip
        except BaseException as error:
            if isinstance(error.__cause__, MessageNacked):  # RabbitMQ's answer: nothing is wrong with the connection
                raise QueueFull from error
            # A late confirmation would be taken for the next message's: this connection is never used again.
            hang_up(connection)
            if isinstance(error, connection.connection_errors + connection.channel_errors):
                raise OperationalError(str(error)) from error
            raise
        finally:
            connection.release()


def hang_up(connection: Connection) -> None:
    """Close the socket without AMQP's farewell, for which a frozen RabbitMQ would let us wait."""
    if connection.connected:
        established: Any = connection.connection
        if hasattr(established, "collect"):  # AMQP; files need no farewell
            established.collect()
