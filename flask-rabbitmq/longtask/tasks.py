"""What workers do. Imports neither Flask nor the application: `shared_task` finds Celery when it is called."""

import time
from typing import Any

from celery import Task, shared_task


@shared_task(bind=True, name="long_time_task")
def long_time_task(self: "Task[Any, Any]", seconds: int) -> dict[str, int]:
    """Stands for your long work, and tells how far it is."""
    for done in range(seconds):
        self.update_state(state="PROGRESS", meta={"done": done, "total": seconds})
        time.sleep(1)
    return {"slept": seconds}
