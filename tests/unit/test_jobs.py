"""django.tasks on this engine: what its documentation promises, and how its page and its API show it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from jobs import Result, worked
from jobs import remembered as remembered  # a fixture

from durable import kinds
from durable.backend import DurableBackend
from durable.jobs.contract import (
    TaskContext,
    TaskResultDoesNotExist,
    TaskResultStatus,
    task_enqueued,
    task_finished,
    task_started,
)  # fmt: skip
from durable.jobs.models import Job
from durable.states import Status
from durable.testing.broker import broker
from support import errands
from support.contract import TaskResultMismatch, default_task_backend

pytestmark = pytest.mark.django_db(transaction=True)


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
