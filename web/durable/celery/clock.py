"""The clockwork's keeper: a child process of each worker, and none of its pool."""

import logging
import os
import subprocess
import sys
import threading
import time
from typing import Any

from celery import bootsteps
from celery.signals import worker_shutdown
from celery.worker import WorkController
from django.conf import settings

from durable.folders import run_dir

logger = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
RESPAWN_SECONDS = 5.0  # from start to start: one that ends at once is no crash loop
QUIET_SECONDS = 60.0  # without a sign: it is told
END_SECONDS = 5.0  # for its turn to end


class Clock(bootsteps.StartStopStep):
    """Starts the clockwork, and starts it again when it ends alone.

    A process of its own waits behind no task, and shares no connection and no lock with the worker. It is no fork: it
    is started by a thread, while others may hold anything.
    """

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: WorkController, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self.sign = settings.RUN_DIR / "clockwork"
        self.child: subprocess.Popen[bytes] | None = None
        self.started = self.told = float("-inf")
        self.stopped = threading.Event()

    def start(self, worker: WorkController) -> None:
        """Start the thread."""
        run_dir(settings.RUN_DIR)
        self.thread = threading.Thread(target=self.run, name="clockwork", daemon=True)
        self.thread.start()
        worker_shutdown.connect(self.leave)

    def stop(self, worker: WorkController) -> None:
        """The worker takes no more messages: another one's clockwork may go on, while the pool ends its last tasks."""
        self.stopped.set()

    def terminate(self, worker: WorkController) -> None:
        """The same, where the worker ends without waiting for them."""
        self.stopped.set()

    def leave(self, **_: object) -> None:
        """The worker ends."""
        self.stopped.set()
        self.thread.join(END_SECONDS + LOOK_SECONDS)

    def run(self) -> None:
        """Look after it until stopped."""
        while not self.stopped.is_set():
            self.look()
            self.stopped.wait(LOOK_SECONDS)
        self.end()

    def look(self) -> None:
        """Start it (again), or see whether it turns."""
        if self.child is None or self.child.poll() is not None:
            if time.monotonic() - self.started >= RESPAWN_SECONDS:
                self.spawn()
        elif self.quiet() >= QUIET_SECONDS and time.monotonic() - self.told >= QUIET_SECONDS:
            self.told = time.monotonic()
            logger.warning("clockwork: process %d has not turned for %d s", self.child.pid, self.quiet())

    def spawn(self) -> None:
        """Start it; the reason why that is not the first time is told."""
        if self.child is not None:
            logger.warning("clockwork: ended with %d and is started again", self.child.returncode)
        self.started = time.monotonic()
        command = [sys.executable, "-m", "django", "clockwork", "--parent", str(os.getpid())]
        try:
            self.child = subprocess.Popen(command, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL)
        except OSError as error:
            logger.warning("clockwork: cannot be started: %s", error)

    def quiet(self) -> float:
        """Seconds since it started, or since its last sign."""
        since_start = time.monotonic() - self.started
        try:
            return min(since_start, time.time() - self.sign.stat().st_mtime)
        except FileNotFoundError:
            return since_start

    def end(self) -> None:
        """Ask it to give its lease back and end."""
        if self.child is None or self.child.poll() is not None:
            return
        self.child.terminate()
        try:
            self.child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
