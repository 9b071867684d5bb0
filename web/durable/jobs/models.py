"""A job: one call of a function, as a row."""

import json
import traceback
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from durable import Again, Failed, Task
from durable.jobs.contract import TaskContext, TaskResult, TaskResultStatus, normalize_json, task_finished, task_started
from durable.jobs.registered import find
from durable.jobs.results import changed, running
from durable.words import Sentence, say

MOST_TRACEBACK = 20_000  # characters of its end


class Strict(json.JSONEncoder):
    """JSON and nothing else: NaN and Infinity are none, whatever Python's own encoder makes of them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "allow_nan": False})


class ExactJSONField(models.JSONField):
    """JSON as it was sent: MySQL's own type would keep whole numbers of more than 64 bits as floats."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """Plain text on MySQL."""
        return "longtext" if connection.vendor == "mysql" else super().db_type(connection)


class Job(Task):
    """`enqueue` of django.tasks makes one; it is looked at, cancelled and retried like any other task."""

    function = models.CharField(_("function"), max_length=255)
    arguments = ExactJSONField(_("arguments"), encoder=Strict)
    backend = models.CharField(_("backend"), max_length=64, default="default")
    value = ExactJSONField(_("value"), encoder=Strict, null=True, blank=True, default=None)

    class Meta:
        db_table = "durable_job"
        verbose_name, verbose_name_plural = _("job"), _("jobs")

    class Work:
        inputs = ("function", "arguments", "backend")
        outputs = ("value",)
        filters = ("function",)
        listed = ("function",)
        creatable = False  # whoever could send a name could call any function

    def __str__(self) -> str:
        return self.function

    @staticmethod
    def perform(job: Any) -> Any:
        """Call the function. What it raises means what it means in every kind: durable.Failed, Again, or a bug."""
        try:
            task = find(job.function)
        except LookupError:  # an older worker, in the middle of an update, or a function that was taken out
            raise Again(gettext_noop("There is no task {function} here."), function=job.function) from None
        result = running(task, job)
        task_started.send(sender=type(task.get_backend()), task_result=result)
        try:
            value = call(result)
        except Exception as error:
            if isinstance(error, Failed) or job.attempts + 1 >= Job.kind.max_attempts:
                finished(result, TaskResultStatus.FAILED)
            raise
        finished(result, TaskResultStatus.SUCCESSFUL, value)
        return value

    @staticmethod
    def describe(error: Exception) -> Sentence:
        """A bug's sentence, with what a TaskError tells of it."""
        path = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
        told = "".join(traceback.format_exception(error))[-MOST_TRACEBACK:]
        return say("{error}", error=f"{path}: {error}" if str(error) else path, traceback=told)


def call(result: "TaskResult[Any]") -> Any:
    """What the function returns, as JSON can say it; TypeError or ValueError where it cannot."""
    context = [TaskContext(task_result=result)] if result.task.takes_context else []
    value = normalize_json(result.task.call(*context, *result.args, **result.kwargs))
    json.dumps(value, cls=Strict)
    return value


def finished(result: "TaskResult[Any]", status: TaskResultStatus, value: Any = None) -> None:
    """Tell django.tasks' receivers, before it is written: where its worker dies in between, they hear of it twice."""
    changed(result, status=status, value=value)
    task_finished.send(sender=type(result.task.get_backend()), task_result=result)
