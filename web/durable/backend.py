"""The engine as a backend of django.tasks: `enqueue` stores a row, in the transaction that is open.

INSTALLED_APPS = [..., "durable.jobs", "django_tasks"]  # the second is not needed on Django 6
TASKS = {"default": {"BACKEND": "durable.backend.DurableBackend"}}
"""

from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from durable import kinds
from durable.jobs.contract import (
    BaseTaskBackend,
    InvalidTask,
    Task,
    TaskResult,
    TaskResultDoesNotExist,
    normalize_json,
    task_enqueued,
)  # fmt: skip
from durable.jobs.registered import find
from durable.jobs.results import result_of
from durable.kinds import Kind
from durable.listing import BIGGEST_ID, one
from durable.services import create_task

QUEUE = "default"


class DurableBackend(BaseTaskBackend):
    """Each call is a job: a row before a message, fenced while it runs, tried again after a bug or a death."""

    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = False

    def __init__(self, alias: str, params: dict[str, Any]) -> None:
        super().__init__(alias, params)
        if self.options:
            raise ImproperlyConfigured(f"TASKS[{alias!r}] has OPTIONS, and DurableBackend knows none: leave them out.")

    @property
    def kind(self) -> Kind:
        """What a call is a row of."""
        try:
            return kinds.get("job")
        except KeyError:
            raise ImproperlyConfigured("DurableBackend needs the app durable.jobs: add it to INSTALLED_APPS.") from None

    def validate_task(self, task: "Task[Any, Any]") -> None:
        """InvalidTask where a task asks for what is not honoured here."""
        super().validate_task(task)
        if task.queue_name != QUEUE:
            raise InvalidTask(f"There is one queue here, {QUEUE!r}, and not {task.queue_name!r}: leave queue_name out.")

    def enqueue(self, task: "Task[Any, Any]", args: Any, kwargs: Any) -> "TaskResult[Any]":
        """Store the call; it runs once the transaction is committed, and never if that is rolled back.

        InvalidTask for a function that no worker would find; TypeError and ValueError for what JSON cannot say;
        durable.bounds.Full where too many wait.
        """
        self.validate_task(task)
        registered(task)
        arguments = {"args": normalize_json(list(args)), "kwargs": normalize_json(kwargs)}
        given = {"function": task.module_path, "arguments": arguments, "backend": self.alias}
        values = {name: self.kind.check(name, value) for name, value in given.items()}
        when = task.run_after
        if when is not None and timezone.is_naive(when):
            when = timezone.make_aware(when)
        job, _ = create_task(kind=self.kind, values=values, run_after=when)
        result = result_of(job, task)
        task_enqueued.send(sender=type(self), task_result=result)
        return result

    def get_result(self, result_id: str) -> "TaskResult[Any]":
        """The job's; TaskResultDoesNotExist where there is none, or its function is no task any more."""
        number = int(result_id) if str(result_id).isdecimal() and len(str(result_id)) < 20 else 0
        job = one(self.kind, number) if 0 < number <= BIGGEST_ID else None
        if job is None or job.backend != self.alias:
            raise TaskResultDoesNotExist(f"There is no job {result_id}.")
        try:
            task = find(job.function)
        except LookupError as error:
            raise TaskResultDoesNotExist(f"Job {result_id} is of a task that is no more: {error}") from None
        return result_of(job, task.using(backend=self.alias))

    def check(self, **_: Any) -> Iterable[CheckMessage]:
        """What settings have to say besides."""
        if "job" not in kinds.registry:
            yield Error("DurableBackend has no table.", hint='Add "durable.jobs" to INSTALLED_APPS.', id="durable.E005")
        if others := self.queues - {QUEUE}:
            hint = f'Leave QUEUES out, or set it to ["{QUEUE}"].'
            names = ", ".join(sorted(others))
            yield Error(f"DurableBackend has one queue, and TASKS names {names}.", hint=hint, id="durable.E006")


def registered(task: "Task[Any, Any]") -> None:
    """InvalidTask unless a worker finds this very function by its name."""
    try:
        same = find(task.module_path).func is task.func
    except LookupError as error:
        raise InvalidTask(str(error)) from None
    if not same:
        raise InvalidTask(f"{task.module_path} is another function than the one that was enqueued.")
