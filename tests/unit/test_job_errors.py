"""Jobs that end without a value: what went wrong is told attempt by attempt, and costs no other job anything."""

import pytest
from jobs import remembered as remembered  # a fixture
from jobs import worked

from durable import actions
from durable.claims import Process
from durable.jobs.contract import (
    TaskResultStatus,
)  # fmt: skip
from durable.jobs.models import Job
from durable.models import Event
from durable.testing.processes import run
from support import errands

pytestmark = pytest.mark.django_db(transaction=True)


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
