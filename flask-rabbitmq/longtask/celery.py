"""Celery, bound to the one Flask application."""

from typing import Any

from celery import Celery
from celery import Task as CeleryTask
from celery.exceptions import Ignore, Reject
from flask import Flask

from longtask.queues import MOST_DEATHS


class WorkersKilled(Exception):
    """Every run of the task so far ended in the death of its worker."""


class Task(CeleryTask):  # type: ignore[type-arg]
    """A task whose id is finished once, and that is given up when it keeps killing its workers."""

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        """Decide whether this delivery is run. RabbitMQ counts the earlier ones that no worker acknowledged."""
        if self.AsyncResult(task_id).ready():
            raise Ignore("a second delivery of a task that has ended")
        deaths = self.request.get("x-delivery-count", 0)
        if deaths >= MOST_DEATHS:
            error = WorkersKilled(f"The task was given up: {deaths} times its worker died or lost RabbitMQ.")
            self.backend.mark_as_failure(task_id, error)
            raise Reject(error, requeue=False)  # to the queue of the dead


def celery_init_app(app: Flask) -> Celery:
    """Make Celery from app.config["CELERY"]; every task runs inside the application's context."""

    class FlaskTask(Task):
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            with app.app_context():
                return self.run(*args, **kwargs)

    celery: Celery = Celery(app.name, task_cls=FlaskTask)
    celery.config_from_object(app.config["CELERY"])
    celery.set_default()
    app.extensions["celery"] = celery
    return celery
