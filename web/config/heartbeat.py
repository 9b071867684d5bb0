"""A worker's sign of life: the consumer's loop ticks, a thread tells the container and the database."""

import logging
import threading
import time
from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.worker import WorkController
from django.conf import settings
from django.db import Error, connection

from arithmetic.workers import BEAT_SECONDS, beat, sign_off

logger = logging.getLogger(__name__)
STALE_SECONDS = 4.0  # the loop's longest turn is about a second


class Heartbeat(bootsteps.StartStopStep):
    """Signs once a second while the worker runs.

    The file is for the container's health check, which must be cheap: it looks at the
    file's age and starts no Python. The row is for the sweep.
    """

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: WorkController, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self.file: Path = settings.RUN_DIR / "heartbeat"
        self.stopped = threading.Event()
        self.ticked = time.monotonic()

    def start(self, worker: WorkController) -> None:
        """Start the thread."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.thread = threading.Thread(target=self.run, args=[worker], name="heartbeat", daemon=True)
        self.thread.start()

    def register_with_event_loop(self, worker: WorkController, hub: Any) -> None:
        """Tick from the loop itself: a loop that hangs stops ticking."""
        hub.call_repeatedly(BEAT_SECONDS, self.tick)

    def tick(self) -> None:
        """The loop turns."""
        self.ticked = time.monotonic()
        self.file.touch()

    def stop(self, worker: WorkController) -> None:
        """Sign off, so that nobody waits for this worker."""
        self.stopped.set()
        self.thread.join(timeout=5)

    def run(self, worker: WorkController) -> None:
        """Sign in the database until stopped; an outage is waited out."""
        while not self.stopped.wait(BEAT_SECONDS):
            self.sign(worker)
        try:
            sign_off()
        except Error as error:
            logger.warning("heartbeat: could not sign off: %s", error)

    def sign(self, worker: WorkController) -> None:
        """One sign. The connection is closed each time: a fork in between must not share it."""
        try:
            processes: Any = worker.pool
            pids = [process.pid for process in list(processes._pool._pool)]
            beat(pids, consuming=time.monotonic() - self.ticked < STALE_SECONDS)
        except Error as error:
            logger.warning("heartbeat: database away: %s", error)
        finally:
            connection.close()
