"""Only what @task has registered is called, and what this backend does not honour it refuses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from jobs import remembered as remembered  # a fixture

from durable import kinds
from durable.backend import DurableBackend
from durable.jobs.contract import (
    InvalidTask,
)  # fmt: skip
from durable.jobs.models import Job
from durable.jobs.registered import find
from durable.states import Status
from durable.testing.broker import broker
from support import errands
from support.contract import default_task_backend

pytestmark = pytest.mark.django_db(transaction=True)


# --- Only what @task has registered ---------------------------------------------------------------


@pytest.mark.parametrize("path", ["os.system", "support.errands.plain", "support.errands", "no.such", "double", ""])
def test_nothing_but_a_task_is_found(path: str) -> None:
    with pytest.raises((LookupError, ValueError)):
        find(path)


@pytest.mark.parametrize("path", ["os.getpid", "support.errands.plain", "no.such"])
def test_a_row_that_names_something_else_calls_nothing(path: str) -> None:
    result = errands.double.enqueue(1)
    Job.objects.update(function=path)
    broker.work()
    job = Job.objects.get(pk=result.id)
    assert (job.status, job.error) == (Status.FAILED, f"There is no task {path} here.")


def test_a_task_that_no_worker_would_find_is_refused_at_once() -> None:
    with pytest.raises(InvalidTask, match="plain is no task"):
        renamed(errands.plain).enqueue(1)
    assert find("support.errands._renamed").func is errands.renamed.func
    with pytest.raises(InvalidTask, match="another function"):
        renamed(imposter).enqueue(1)
    assert not Job.objects.exists()


def renamed(function: Any) -> Any:
    """A task that @task has not put under the function's name."""
    return replace(errands.double, func=function)


def imposter() -> None:
    """Calls itself as somebody else."""


imposter.__module__, imposter.__qualname__ = "support.errands", "double"


# --- What is not honoured is refused --------------------------------------------------------------


def test_priorities_and_queues_are_refused() -> None:
    with pytest.raises(InvalidTask, match="priority"):
        errands.double.using(priority=1)
    with pytest.raises(InvalidTask, match="Queue 'fast'"):
        errands.double.using(queue_name="fast")
    backend = DurableBackend("default", {"QUEUES": []})  # which django.tasks takes for any name
    with pytest.raises(InvalidTask, match="one queue"):
        backend.validate_task(named("fast"))


def named(queue: str) -> Any:
    """A task of a queue, which only its own backend would refuse."""
    task = replace(errands.double)
    object.__setattr__(task, "queue_name", queue)
    return task


@pytest.mark.parametrize("argument", [{1}, object(), float("nan"), float("inf"), b"\xff", datetime.now(UTC)])
def test_arguments_that_json_cannot_say_are_refused_and_nothing_is_stored(argument: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        errands.double.enqueue(argument)
    assert not Job.objects.exists()


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(InvalidTask, match="aware"):
        errands.double.using(run_after=datetime.now())  # noqa: DTZ005
    with pytest.raises(ValueError, match="ten years"):
        errands.double.using(run_after=timezone.now() + timedelta(days=9_999)).enqueue(1)


def test_settings_that_are_not_known_are_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="OPTIONS"):
        DurableBackend("default", {"OPTIONS": {"workers": 3}})
    assert [error.id for error in DurableBackend("a", {"QUEUES": ["default", "fast"]}).check()] == ["durable.E006"]
    assert list(default_task_backend.check()) == []


def test_without_its_app_the_backend_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(kinds.registry, "job")
    backend = DurableBackend("default", {})
    assert [error.id for error in backend.check()] == ["durable.E005"]
    with pytest.raises(ImproperlyConfigured, match=r"durable\.jobs"):
        backend.enqueue(errands.double, (1,), {})
