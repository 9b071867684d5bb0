"""Beat's scheduler: Celery's own, with a sign of life for the container's health check."""

from typing import Any

from celery.beat import PersistentScheduler
from django.conf import settings


class Scheduler(PersistentScheduler):
    """Touches a file once per turn of its loop."""

    max_interval = 2  # seconds: the longest turn

    def setup_schedule(self) -> None:
        """Open the schedule's file, whose folder (a tmpfs) may be new."""
        settings.RUN_DIR.mkdir(parents=True, exist_ok=True)
        super().setup_schedule()

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; seconds until the next turn."""
        (settings.RUN_DIR / "beat").touch()
        return float(super().tick(*args, **kwargs))
