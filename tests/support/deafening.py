"""The project's Celery app with a way to make its worker deaf: SIGUSR2 takes the broker's socket out of the loop.

That is what happened in kombu more than once: the loop goes on turning, the connection
stands, and nothing is read from it any more.
"""

import signal
from typing import Any

from celery import bootsteps

from config.celery import app


class Deafen(bootsteps.StartStopStep):
    requires = ("celery.worker.components:Hub",)

    def register_with_event_loop(self, worker: Any, hub: Any) -> None:
        """Have the signal do it."""
        signal.signal(signal.SIGUSR2, lambda *_: hub.on_tick.clear())


app.steps["worker"].add(Deafen)
