"""Celery's consumer, quicker to come back after an outage of the broker."""

from functools import partial
from typing import Any

from celery.worker.consumer import Consumer as CeleryConsumer

MOST_SECONDS = 2  # between two tries; Celery's own waits grow to half a minute


class Consumer(CeleryConsumer):
    def ensure_connected(self, conn: Any) -> Any:
        """Connect, trying again at least every MOST_SECONDS."""
        conn.ensure_connection = partial(conn.ensure_connection, interval_start=1, interval_max=MOST_SECONDS)
        return super().ensure_connected(conn)
