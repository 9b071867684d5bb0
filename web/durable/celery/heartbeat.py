"""A worker's sign of life: the consumer's loop ticks, a thread tells the container and the database."""

import logging
import threading
import time
from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.signals import worker_shutdown
from celery.worker import WorkController, state
from django.conf import settings
from django.db import Error, connection

from durable.celery.deafness import Watch, full_without_work
from durable.celery.grace import Grace
from durable.folders import run_dir
from durable.workers import BEAT_SECONDS, beat, sign_off

logger = logging.getLogger(__name__)
FULL_TICKS = 2
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
        self.full = 0
        self.watch = Watch()
        self.grace = Grace(settings.STOP_SECONDS)

    def start(self, worker: WorkController) -> None:
        """Start the thread. It goes on while a warm shutdown waits for the pool's last tasks."""
        run_dir(self.file.parent)
        self.thread = threading.Thread(target=self.run, args=[worker], name="heartbeat", daemon=True)
        self.thread.start()
        worker_shutdown.connect(self.leave)

    def register_with_event_loop(self, worker: WorkController, hub: Any) -> None:
        """Tick from the loop itself: a loop that hangs stops ticking. After an outage it has only begun to turn."""
        self.ticked = time.monotonic()
        hub.call_repeatedly(BEAT_SECONDS, self.tick, worker)

    def tick(self, worker: WorkController) -> None:
        """The loop turns. An error raised here makes the consumer connect anew."""
        self.ticked = time.monotonic()
        self.full = self.full + 1 if full_without_work(worker) else 0
        if self.full > FULL_TICKS:
            self.full = 0
            raise ConnectionResetError("acknowledgements were lost while the broker was away")

    def leave(self, **_: object) -> None:
        """The pool has ended: sign off, so that nobody waits for this worker."""
        self.stopped.set()
        self.thread.join(timeout=5)
        try:
            sign_off()
        except Error as error:
            logger.warning("heartbeat: could not sign off: %s", error)

    def run(self, worker: WorkController) -> None:
        """Sign until stopped; outages are waited out."""
        while not self.stopped.wait(BEAT_SECONDS):
            self.file.touch()
            self.sign(worker)
            if state.should_stop is None:
                self.watch.end_if_deaf(worker, self.ticked)
            else:  # a worker that finishes its last tasks takes no new ones
                self.grace.look(state.active_requests)

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
