"""What django.tasks tells of a job: its TaskResult, from the row and the events of the attempts that failed."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from durable.events import ATTEMPT, Event
from durable.jobs.contract import Task, TaskError, TaskResult, TaskResultStatus
from durable.states import ENDED, Status
from durable.workers import process_name

STATUS = {
    Status.SCHEDULED: TaskResultStatus.READY,
    Status.CREATED: TaskResultStatus.READY,
    Status.PENDING: TaskResultStatus.RUNNING,
    Status.SUCCESS: TaskResultStatus.SUCCESSFUL,
    Status.FAILED: TaskResultStatus.FAILED,
    Status.CANCELLED: TaskResultStatus.FAILED,
}
# An exception's sentence begins with its name; all other attempts ended without one: a death, a limit, durable.Failed.
NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*(?=: |$)")
FAILED, CANCELLED = "durable.errors.Failed", "durable.errors.Cancelled"


def result_of(job: Any, task: "Task[Any, Any]") -> "TaskResult[Any]":
    """Of a row as `shown` gives it: one statement more where attempts have failed.

    Of several attempts `started_at` is the time of the last, as `last_attempted_at` is; a cancelled job is FAILED.
    """
    status = Status(job.status)
    at_work = status in (Status.PENDING, Status.SUCCESS)
    failed = failures(job.pk, job.attempts - at_work)
    last = job.start_time or (failed[-1].time if failed else None)
    made: TaskResult[Any] = TaskResult(
        task=task,
        id=str(job.pk),
        status=STATUS[status],
        enqueued_at=job.create_time,
        started_at=last,
        last_attempted_at=last,
        finished_at=job.update_time if status in ENDED else None,
        args=job.arguments["args"],
        kwargs=job.arguments["kwargs"],
        backend=job.backend,
        errors=errors(job, failed),
        worker_ids=[*(event.by for event in failed), *([job.worker] if at_work else [])],
    )
    return changed(made, value=job.value)


def running(task: "Task[Any, Any]", job: Any) -> "TaskResult[Any]":
    """Of the light row that `perform` gets: no statement, but for an attempt after the first."""
    now = timezone.now()
    failed = failures(job.id, job.attempts)
    return TaskResult(
        task=task,
        id=str(job.id),
        status=TaskResultStatus.RUNNING,
        enqueued_at=now - timedelta(microseconds=job.waited),
        started_at=now,
        last_attempted_at=now,
        finished_at=None,
        args=job.arguments["args"],
        kwargs=job.arguments["kwargs"],
        backend=job.backend,
        errors=[error_of(event.detail) for event in failed],
        worker_ids=[*(event.by for event in failed), process_name()],
    )


def failures(identity: int, count: int) -> Sequence[Event]:
    """The newest failed attempts of a job, the oldest first: those before somebody retried it do not count."""
    if count <= 0:
        return []
    newest = Event.objects.filter(what=ATTEMPT, kind="job", subject=str(identity)).order_by("-id")[:count]
    return list(newest)[::-1]


def errors(job: Any, failed: Sequence[Event]) -> list[TaskError]:
    """One for each; of the last one the row has the traceback."""
    found = [error_of(event.detail) for event in failed]
    if found and job.sentence.values.get("traceback"):
        found[-1] = error_of(failed[-1].detail, job.sentence.values["traceback"])
    if job.status == Status.CANCELLED:
        found.append(TaskError(exception_class_path=CANCELLED, traceback="It was cancelled."))
    return found


def error_of(sentence: str, traceback: str = "") -> TaskError:
    """What an attempt's sentence says, as django.tasks has it."""
    named = NAME.match(sentence)
    path = named[0] if named else FAILED
    return TaskError(exception_class_path=path if "." in path else f"builtins.{path}", traceback=traceback or sentence)


def changed(result: "TaskResult[Any]", status: TaskResultStatus | None = None, value: Any = None) -> "TaskResult[Any]":
    """The same object, further on: TaskResult is frozen for those who get it, not for backends."""
    if status is not None:
        object.__setattr__(result, "status", status)
        object.__setattr__(result, "finished_at", timezone.now())
    object.__setattr__(result, "_return_value", value)
    return result
