"""django.tasks on this engine: what its documentation promises, and what this backend adds and refuses."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.test import Client
from django.utils import timezone

from durable import actions, kinds
from durable.backend import DurableBackend
from durable.claims import Process
from durable.jobs.contract import (
    InvalidTask,
    TaskContext,
    TaskResult,
    TaskResultDoesNotExist,
    TaskResultStatus,
    task_enqueued,
    task_finished,
    task_started,
)  # fmt: skip
from durable.jobs.models import Job
from durable.jobs.registered import find
from durable.models import Event
from durable.states import Status
from durable.testing.broker import broker, publisher
from durable.testing.processes import run
from durable.testing.suite import PLAIN
from support import errands
from support.contract import TaskResultMismatch, default_task_backend

pytestmark = pytest.mark.django_db(transaction=True)
Result: TypeAlias = "TaskResult[Any]"  # in Django 6 it takes no parameter
BUGS = (ConnectionError, errands.OutOfStockError, TypeError, ValueError)


@pytest.fixture(autouse=True)
def remembered(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    """A broker that only remembers; what failed is tried again at once."""
    for room in ("services", "actions"):
        monkeypatch.setattr(f"durable.{room}.publisher", publisher)
    monkeypatch.setattr("durable.tasks.run.apply_async", broker.apply_async)
    monkeypatch.setattr(Job.kind, "backoff", lambda attempts: 0.0)
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": PLAIN}}
    broker.sent()
    yield
    broker.sent()


def work() -> None:
    """Have workers do all that there is; what they raise is for Celery's record."""
    while True:
        try:
            return broker.work()
        except BUGS:
            continue


def worked(result: Result) -> Result:
    """The result once workers have done all that there is."""
    work()
    result.refresh()
    return result


# --- As its documentation has it ------------------------------------------------------------------


def test_a_call_is_a_row_that_a_worker_runs() -> None:
    result = errands.double.enqueue(21)
    assert (result.status, result.is_finished, result.attempts) == (TaskResultStatus.READY, False, 0)
    with pytest.raises(ValueError, match="not finished"):
        _ = result.return_value
    assert (result.args, result.kwargs, result.backend) == ([21], {}, "default")
    job = Job.objects.get(pk=result.id)
    assert (job.function, job.arguments) == ("support.errands.double", {"args": [21], "kwargs": {}})
    worked(result)
    assert (result.status, result.return_value, result.attempts) == (TaskResultStatus.SUCCESSFUL, 42, 1)
    assert result.started_at
    assert result.finished_at
    assert result.started_at <= result.finished_at
    assert result.errors == []


def test_positional_and_named_arguments_arrive() -> None:
    assert worked(errands.double.enqueue("ab", times=2)).return_value == "ab" * 4
    assert worked(errands.double.enqueue(value=[1])).return_value == [1, 1]


@pytest.mark.parametrize("value", [2**70, "text", "42", "", [], {}, None, 0.1, False, {"a": [1, {"b": None}]}])
def test_arguments_and_values_come_back_as_they_were(value: Any) -> None:
    assert worked(errands.double.enqueue(value, times=0)).return_value == value


def test_a_coroutine_is_a_task_too() -> None:
    assert worked(errands.later.enqueue(1)).return_value == 2


def test_a_call_can_be_made_where_an_event_loop_runs() -> None:
    async def both() -> Result:
        made = await errands.double.aenqueue(3)
        return await errands.double.aget_result(made.id)

    assert worked(asyncio.run(both())).return_value == 6


def test_a_result_is_found_by_its_id() -> None:
    result = worked(errands.double.enqueue(1))
    assert errands.double.get_result(result.id) == result
    assert default_task_backend.get_result(result.id).task.func is errands.double.func
    with pytest.raises(TaskResultMismatch):
        errands.later.get_result(result.id)


@pytest.mark.parametrize("identity", ["0", "-1", "987654321", "9" * 30, "one", ""])
def test_there_is_no_result_of_a_job_that_is_not_there(identity: str) -> None:
    with pytest.raises(TaskResultDoesNotExist):
        default_task_backend.get_result(identity)


def test_there_is_no_result_of_a_function_that_is_no_task_any_more() -> None:
    result = errands.double.enqueue(1)
    Job.objects.update(function="support.errands.gone")
    with pytest.raises(TaskResultDoesNotExist, match="no more"):
        default_task_backend.get_result(result.id)


def test_the_context_tells_the_attempt() -> None:
    result = worked(errands.attempt.enqueue(until=3))
    told = {"id": result.id, "attempt": 3, "errors": 2, "status": "RUNNING"}
    assert (result.return_value, result.attempts) == (told, 3)


def test_receivers_hear_of_it() -> None:
    heard = list[tuple[str, str]]()

    def hear(sender: Any, task_result: Result, signal: Any, **_: Any) -> None:
        assert sender is DurableBackend
        heard.append((names[signal], str(task_result.status)))

    names = {task_enqueued: "enqueued", task_started: "started", task_finished: "finished"}
    for signal in names:
        signal.connect(hear)
    try:
        worked(errands.double.enqueue(1))
        worked(errands.shelf.enqueue(1))
        worked(errands.attempt.enqueue(until=2))
    finally:
        for signal in names:
            signal.disconnect(hear)
    begins = [("enqueued", "READY"), ("started", "RUNNING")]
    assert heard == [
        *begins, ("finished", "SUCCESSFUL"), *begins, ("finished", "FAILED"),
        *begins, ("started", "RUNNING"), ("finished", "SUCCESSFUL"),
    ]  # fmt: skip


# --- Transactions and times -----------------------------------------------------------------------


def test_what_is_rolled_back_never_runs() -> None:
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        errands.double.enqueue(1)
        raise KeyboardInterrupt
    assert not Job.objects.exists()
    assert not broker.sent()


def test_it_is_published_when_the_transaction_is_committed() -> None:
    with transaction.atomic():
        result = errands.double.enqueue(1)
        assert not broker.sent()
    assert [message.ids for message in broker.sent()] == [(int(result.id),)]


def test_it_waits_for_its_time() -> None:
    due = datetime.now(UTC) + timedelta(hours=1)
    result = errands.double.using(run_after=due).enqueue(1)
    job = Job.objects.get(pk=result.id)
    assert (job.status, result.status) == (Status.SCHEDULED, TaskResultStatus.READY)
    assert job.due_time
    assert abs(job.due_time - due) < timedelta(milliseconds=2)  # SQLite keeps so much
    assert not broker.sent()


# --- What ends without a value --------------------------------------------------------------------


def test_a_bug_is_tried_again_and_each_attempt_has_its_error() -> None:
    result = worked(errands.order.enqueue("hats"))
    assert (result.status, result.attempts) == (TaskResultStatus.FAILED, Job.kind.max_attempts)
    assert [error.exception_class for error in result.errors] == [errands.OutOfStockError] * Job.kind.max_attempts
    assert "Traceback" in result.errors[-1].traceback
    assert "no hats left: {}" in result.errors[-1].traceback
    assert "no hats left: {}" in result.errors[0].traceback
    assert len(set(result.worker_ids)) == 1
    assert Job.objects.get(pk=result.id).error == "support.errands.OutOfStockError: no hats left: {}"
    with pytest.raises(ValueError, match="failed"):
        _ = result.return_value


def test_a_builtin_exception_is_named_as_python_names_it() -> None:
    result = worked(errands.attempt.enqueue(until=99))
    assert {error.exception_class for error in result.errors} == {ConnectionError}
    assert result.errors[0].traceback == f"ConnectionError: attempt 1 of job {result.id} fails"


def test_failed_is_final_and_again_is_not() -> None:
    final, again = worked(errands.shelf.enqueue(3)), worked(errands.busy.enqueue())
    assert (final.attempts, again.attempts) == (1, Job.kind.max_attempts)
    assert [error.traceback for error in final.errors] == ["There is nothing on shelf 3."]
    assert {error.exception_class.__name__ for error in [*final.errors, *again.errors]} == {"Failed"}


@pytest.mark.parametrize("what", ["set", "nan", "object"])
def test_a_value_that_json_cannot_say_is_a_bug(what: str) -> None:
    result = worked(errands.broken.enqueue(what))
    assert result.status == TaskResultStatus.FAILED
    assert {error.exception_class for error in result.errors} <= {TypeError, ValueError}


def test_a_retry_by_a_person_begins_anew() -> None:
    result = worked(errands.shelf.enqueue(3))
    actions.retry_task(kind=Job.kind, task_id=int(result.id))
    result.refresh()
    assert (result.status, result.attempts, result.errors) == (TaskResultStatus.READY, 0, [])
    worked(result)
    assert (result.attempts, len(result.errors)) == (1, 1)
    assert Event.objects.filter(kind="job", what="attempt failed").count() == 2


def test_a_cancelled_job_is_failed_by_cancelled() -> None:
    result = errands.double.enqueue(1)
    actions.cancel_task(kind=Job.kind, task_id=int(result.id))
    worked(result)
    assert (result.status, result.attempts) == (TaskResultStatus.FAILED, 0)
    assert [error.exception_class.__name__ for error in result.errors] == ["Cancelled"]
    assert result.finished_at


def test_one_that_runs_says_so() -> None:
    result = errands.double.enqueue(1)
    process = Process("here/1")
    process.next()
    process.claim(Job.kind, 0, [int(result.id)])
    result.refresh()
    assert (result.status, result.worker_ids) == (TaskResultStatus.RUNNING, ["here/1"])
    assert result.started_at
    assert result.finished_at is None


def test_a_bug_costs_its_neighbours_in_the_message_nothing() -> None:
    results = [errands.double.enqueue(1), errands.order.enqueue("hats"), errands.double.enqueue(2)]
    run(Process("here/1"), Job.kind, [int(result.id) for result in results])
    for result in results:
        result.refresh()
    assert [result.status for result in results] == ["SUCCESSFUL", "READY", "SUCCESSFUL"]


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


# --- Its page and its API look, cancel and retry --------------------------------------------------


@pytest.mark.parametrize("address", ["/job/", "/api/job", "/api/job/batches", "/job/batches"])
def test_no_job_is_made_over_http(client: Client, address: str) -> None:
    body = json.dumps({"function": "support.errands.double", "arguments": {"args": [1], "kwargs": {}}})
    assert client.post(address, body, content_type="application/json").status_code in (404, 405, 415)
    form = {"function": "support.errands.double", "arguments": "{}"}
    assert client.post(address, form).status_code in (404, 405, 415)
    assert not Job.objects.exists()


def test_the_page_has_no_form_and_lists_the_functions(client: Client) -> None:
    errands.double.enqueue(1)
    page = client.get("/job/").content.decode()
    assert "support.errands.double" in page
    assert 'id="task-form"' not in page
    assert 'id="upload"' not in page
    assert 'name="cancel"' in page
    assert "durable/form.js" not in page
    assert "durable/actions.js" in page


def test_the_front_page_is_of_a_kind_that_people_create(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "registry", {"job": Job.kind, **kinds.registry})
    assert kinds.every()[0] is Job.kind
    assert kinds.first().name == "mathtask"
    monkeypatch.setattr(kinds, "registry", {"job": Job.kind})
    assert kinds.first() is Job.kind


def test_a_call_costs_one_statement_and_a_result_one(django_assert_num_queries: Any, settings: Any) -> None:
    settings.MAX_WAITING_TASKS = 0  # it would be counted once a second what waits
    with django_assert_num_queries(2):  # on MySQL both are one round trip
        result = errands.double.enqueue(1)
    with django_assert_num_queries(1):
        result.refresh()
    assert isinstance(TaskContext(task_result=result).attempt, int)
