"""Celery's consumer, quicker to come back after an outage of the broker, and without queues that nobody uses."""

from functools import partial
from typing import Any

from celery.worker.consumer import Consumer as CeleryConsumer

MOST_SECONDS = 2  # between two tries; Celery's own waits grow to half a minute


class Consumer(CeleryConsumer):
    class Blueprint(CeleryConsumer.Blueprint):  # type: ignore[misc,valid-type]
        # With quorum queues Celery declares 28 more, for tasks with a countdown. There are none here.
        default_steps = [step for step in CeleryConsumer.Blueprint.default_steps if "delayed_delivery" not in step]

    def ensure_connected(self, conn: Any) -> Any:
        """Connect, trying again at least every MOST_SECONDS."""
        conn.ensure_connection = partial(conn.ensure_connection, interval_start=1, interval_max=MOST_SECONDS)
        return super().ensure_connected(conn)
