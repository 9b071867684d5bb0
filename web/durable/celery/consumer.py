"""Celery's consumer, quicker to come back after an outage of the broker, and deaf to what is none of ours."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from celery.worker.consumer import Consumer as CeleryConsumer

from durable.redis_away import told

logger = logging.getLogger(__name__)
MOST_SECONDS = 2  # between two tries; Celery's own waits grow to half a minute


class Consumer(CeleryConsumer):
    class Blueprint(CeleryConsumer.Blueprint):  # type: ignore[misc,valid-type]
        # With quorum queues Celery declares 28 more, for tasks with a countdown. There are none here.
        default_steps = [step for step in CeleryConsumer.Blueprint.default_steps if "delayed_delivery" not in step]

    def ensure_connected(self, conn: Any) -> Any:
        """Connect, trying again at least every MOST_SECONDS; the log tells why in a sentence."""
        ensure = partial(conn.ensure_connection, interval_start=1, interval_max=MOST_SECONDS)

        def patiently(on_error: Callable[[object, float], None], *args: Any, **kwargs: Any) -> Any:
            return ensure(lambda error, interval: on_error(told(error), interval), *args, **kwargs)

        conn.ensure_connection = patiently
        return super().ensure_connected(conn)

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Callable[[Any], None]:
        """Take JSON alone. Celery refuses other types, too, but raw bytes end its worker, again and again."""
        handle = super().create_task_handler(*args, **kwargs)

        def take(message: Any) -> None:
            if message.content_type == "application/json":
                handle(message)
                return
            logger.error("a message of type %r is thrown away: only JSON is read here", message.content_type)
            message.reject()

        return take
