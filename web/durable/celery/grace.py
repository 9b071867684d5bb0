"""The end of a stop's grace: what a worker has not finished by then is interrupted, and so given back in time."""

import logging
import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

logger = logging.getLogger(__name__)


class Grace:
    """Counts the seconds since a worker was asked to stop, and interrupts once.

    Who stops the worker kills it a little later. The interrupt is the soft time limit's: what runs then gives its
    tasks back uncounted, where a kill would look like a death.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic):
        self.seconds, self.clock = seconds, clock
        self.since: float | None = None
        self.over = False

    def look(self, requests: Iterable[Any]) -> None:
        """Once a second while the worker stops: `requests` are the messages that it works on, as Celery knows them."""
        if self.since is None:
            self.since = self.clock()
        if self.over or self.clock() - self.since < self.seconds:
            return
        try:
            working = [request.worker_pid for request in requests]
        except RuntimeError:
            return  # one has ended while they were counted: the next look is soon enough
        self.over = True  # a second interrupt would hit the giving back
        for pid in working:
            logger.warning("stop: process %s has had %g s and is interrupted", pid, self.seconds)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGUSR1)
