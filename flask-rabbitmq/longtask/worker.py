"""The worker's side: celery -A longtask.worker worker."""

from functools import partial
from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.worker.consumer import Consumer as CeleryConsumer

from longtask import create_app

flask_app = create_app()
celery = flask_app.extensions["celery"]
# A worker keeps its message until the outcome is stored; a request would rather fail.
celery.conf.result_backend_always_retry = True


class Heartbeat(bootsteps.StartStopStep):
    """Touches a file from the consumer's own loop: one that hangs, or has no connection, does not."""

    requires = ("celery.worker.components:Hub",)
    file = Path("/tmp/heartbeat")  # noqa: S108 (a tmpfs of the container's own)

    def register_with_event_loop(self, worker: Any, hub: Any) -> None:
        """Called for each connection; the timers of the one before have gone with it."""
        hub.call_repeatedly(2, self.file.touch)
        hub.call_repeatedly(3600, worker.app.backend.cleanup)


class Consumer(CeleryConsumer):
    """Asks for RabbitMQ every 2 s while it is away; Celery's own waits grow to half a minute."""

    def ensure_connected(self, conn: Any) -> Any:
        """Connect, however long that takes."""
        conn.ensure_connection = partial(conn.ensure_connection, interval_start=1, interval_max=2)
        return super().ensure_connected(conn)


celery.steps["worker"].add(Heartbeat)
celery.conf.worker_consumer = Consumer
