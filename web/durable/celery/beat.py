"""Beat's scheduler: Celery's own that keeps no file, with a sign of life for the container's health check."""

from datetime import UTC, datetime
from typing import Any

from celery import beat
from django.conf import settings

from durable.folders import run_dir

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Scheduler(beat.Scheduler):
    """Touches a file once per turn of its loop.

    The schedule is in memory alone: Celery's file is a pickle, and whoever may write it may run code here. So a start
    knows nothing of the turns before it, and everything is due at once; each periodic task may run at any time.
    """

    max_interval = 2  # seconds: the longest turn

    def setup_schedule(self) -> None:
        """What the settings say, due now: else an hourly task would never run where beat starts more often."""
        run_dir(settings.RUN_DIR)
        super().setup_schedule()
        for entry in self.schedule.values():
            entry.last_run_at = LONG_AGO

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; seconds until the next turn."""
        (settings.RUN_DIR / "beat").touch()
        return float(super().tick(*args, **kwargs))
