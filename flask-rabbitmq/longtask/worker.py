"""The worker's side: celery -A longtask.worker worker."""

from pathlib import Path
from typing import Any

from celery import bootsteps

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


celery.steps["worker"].add(Heartbeat)
