import time

import pytest
from celery import current_app
from celery.app.task import Context
from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError
from django_celery_results.models import TaskResult
from rows import KIND, database_away, store

from durable import tasks
from durable.celery.results import REST, DatabaseBackend

pytestmark = pytest.mark.django_db(transaction=True)


def backend() -> DatabaseBackend:
    """A new one for the app, with short waits."""
    made = DatabaseBackend(app=current_app)
    made.max_sleep_between_retries_ms = 1
    return made


def fail(task_id: str = "t1", to: DatabaseBackend | None = None) -> None:
    """Store a failure, as a worker does."""
    request = Context(id=task_id, task="durable.run", args=["kind", 0, [1, 2]], kwargs={}, hostname="celery@w")
    (to or backend()).mark_as_failure(task_id, RuntimeError("a bug"), traceback="Traceback: a bug", request=request)


def test_a_failure_is_kept_with_its_traceback() -> None:
    assert isinstance(current_app.backend, DatabaseBackend)
    fail()
    row = TaskResult.objects.get()
    assert (row.task_id, row.status, row.task_name) == ("t1", "FAILURE", "durable.run")
    assert row.traceback == "Traceback: a bug"
    assert "a bug" in row.result


@pytest.mark.parametrize("times", [1, 5])
def test_a_failure_is_stored_once_the_database_is_back(times: int) -> None:
    with database_away(times) as refused:
        fail()
    assert len(refused) == times
    assert TaskResult.objects.get().traceback == "Traceback: a bug"


def test_it_gives_up_after_its_bound_and_ends_no_worker(caplog: pytest.LogCaptureFixture) -> None:
    with database_away() as refused:
        fail()
    # the manager of django-celery-results itself tries three times
    assert len(refused) == 3 * (1 + settings.CELERY_RESULT_BACKEND_MAX_RETRIES)
    assert TaskResult.objects.count() == 0
    assert "t1 is left out" in caplog.text


def test_after_that_it_rests_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    made = backend()
    with database_away() as refused:
        fail("t1", made)
        tried = len(refused)
        fail("t2", made)
        made.mark_as_revoked("t3", "expired")
    assert len(refused) == tried
    end = time.monotonic() + REST
    monkeypatch.setattr("durable.celery.results.time.monotonic", lambda: end)
    fail("t4", made)
    assert TaskResult.objects.get().task_id == "t4"


@pytest.mark.parametrize("error", [OperationalError(2013, "Lost connection"), InterfaceError(0, "")])
def test_a_lost_connection_is_worth_another_try(error: Exception) -> None:
    assert backend().exception_safe_to_retry(error)


@pytest.mark.parametrize("error", [IntegrityError(1062, "Duplicate"), ValueError("a bug"), TypeError("a bug")])
def test_a_bug_is_not_tried_again(error: Exception) -> None:
    assert not backend().exception_safe_to_retry(error)


def test_a_success_costs_no_result() -> None:
    assert tasks.run.ignore_result
    assert tasks.run.store_errors_even_if_ignored
    tasks.run.apply(args=(KIND.name, 0, store()), throw=True)
    assert TaskResult.objects.count() == 0
