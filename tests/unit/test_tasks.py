from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import ProgrammingError, connection
from pytest_django import DjangoAssertNumQueries
from rows import database_away, held, states, store

from arithmetic import tasks
from arithmetic.models import MathTask
from arithmetic.operations import OPERATIONS, Operation
from arithmetic.workers import process_name

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def limit_strikes(at: int, before: bool) -> Iterator[None]:
    """The soft time limit in the middle of that statement: its connection is of no use after that."""
    seen: list[Any] = []

    def strike(execute: Callable[..., Any], *statement: Any) -> Any:
        if len(seen) > at and connection.connection is seen[at]:
            raise ProgrammingError(2014, "Commands out of sync")
        seen.append(connection.connection)
        if len(seen) != at + 1:
            return execute(*statement)
        if not before:
            execute(*statement)
        raise SoftTimeLimitExceeded

    with connection.execute_wrapper(strike):
        yield


def test_it_computes_what_the_message_names() -> None:
    ids, other = store(3), store()
    tasks.run.apply(args=(ids,), throw=True)
    assert set(MathTask.objects.filter(pk__in=ids).values_list("status", "result", "worker", "attempts")) == {
        ("success", "3", process_name(), 1)
    }
    assert states(other) == ["created"]


def test_a_failure_takes_no_neighbour_with_it() -> None:
    by_zero, gone, fine = store(task_type="divide", y="0"), store(task_type="modulo"), store()
    tasks.run.apply(args=([*by_zero, *gone, *fine],), throw=True)
    assert states([*by_zero, *gone, *fine]) == ["failed", "failed", "success"]
    assert MathTask.objects.get(pk=by_zero[0]).error == "Division by zero has no result."
    assert MathTask.objects.get(pk=gone[0]).error == "There is no operation modulo any more."


def test_a_message_that_comes_twice_computes_nothing_twice() -> None:
    ids = store()
    tasks.run.apply(args=(ids,), throw=True)
    MathTask.objects.filter(pk__in=ids).update(result="42")
    tasks.run.apply(args=(ids,), throw=True)
    assert MathTask.objects.values_list("result", "attempts").get() == ("42", 1)


def test_a_message_costs_three_statements_however_many_ids(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ids = store(300)
    with django_assert_num_queries(3):
        tasks.run.apply(args=(ids,), throw=True)


def test_an_exception_in_the_middle_gives_the_rows_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setitem(OPERATIONS, "broken", Operation("?", broken))
    ids, bad, other = store(2), store(task_type="broken"), held("other/1")
    with pytest.raises(RuntimeError, match="a bug"):
        tasks.run.apply(args=([*ids, *bad],), throw=True)
    assert states([*ids, *bad, *other]) == ["created", "created", "created", "pending"]
    assert set(MathTask.objects.filter(pk__in=ids).values_list("attempts", "result")) == {(1, "")}


@pytest.mark.parametrize("before", [True, False], ids=["asked", "answered"])
@pytest.mark.parametrize("at", [0, 1, 2], ids=["claim", "its rows", "finish"])
def test_the_time_limit_gives_the_rows_back_wherever_it_strikes(at: int, before: bool) -> None:
    ids = store(3)
    with limit_strikes(at, before), pytest.raises(SoftTimeLimitExceeded):
        tasks.run.apply(args=(ids,), throw=True)
    assert states(ids) == ["success" if at == 2 and not before else "created"] * 3


def test_results_that_could_not_be_written_in_time_are_given_back_once_the_database_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def limit(_: float) -> None:
        monkeypatch.undo()
        raise SoftTimeLimitExceeded

    ids = store(3)
    with database_away(times=4, after=2) as refused, pytest.raises(SoftTimeLimitExceeded):
        monkeypatch.setattr(tasks, "compute", lambda claims: ({claim.id: "3" for claim in claims}, {}))
        monkeypatch.setattr("arithmetic.tasks.time.sleep", limit)
        tasks.run.apply(args=(ids,), throw=True)
    assert len(refused) == 4
    assert states(ids) == ["created"] * 3


def test_it_waits_while_the_database_is_away(caplog: pytest.LogCaptureFixture) -> None:
    ids = store()
    with database_away(times=2) as refused:
        tasks.run.apply(args=(ids,), throw=True)
    assert len(refused) == 2
    assert states(ids) == ["success"]
    assert "database away, waiting" in caplog.text


def test_it_waits_for_nothing_else() -> None:
    def bug() -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        tasks.patiently(bug)
