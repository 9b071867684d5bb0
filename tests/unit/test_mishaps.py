"""Bugs, time limits and stops in the middle of a message: each counts for the row that it met, and for no other."""

from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DataError
from messages import Message, performs, run
from messages import sent_again as sent_again  # a fixture
from pytest_django import Settings
from rows import held, states, store

from arithmetic.models import MathTask
from durable import outcomes, runs, taking
from durable.claimed import Claim

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_bug_is_told_by_its_name_and_tried_again_at_once(
    monkeypatch: pytest.MonkeyPatch, again: list[Message]
) -> None:
    fine, bad, other = store(2), store(x="7"), held("other/1", claimed=1)
    performs(monkeypatch, lambda task: str(1 // (int(task.x) - 7)))
    with pytest.raises(ZeroDivisionError):
        run([*fine, *bad])
    assert states([*fine, *bad, *other]) == ["success", "success", "created", "pending"]
    row = MathTask.objects.get(pk=bad[0])
    assert (row.error, row.attempts, row.round) == ("ZeroDivisionError: integer division or modulo by zero", 1, 1)
    assert again == [(1, bad, "tasks")]
    for round in range(1, 5):
        with pytest.raises(ZeroDivisionError):
            run(bad, round)
    row.refresh_from_db()
    assert (row.status, row.error, row.attempts) == (
        "failed",
        "ZeroDivisionError: integer division or modulo by zero",
        5,
    )
    assert len(again) == 4


def test_bugs_of_one_message_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(task: Any) -> str:
        raise (KeyError if task.x == "1" else RuntimeError)("why")

    performs(monkeypatch, broken)
    with pytest.raises(KeyError) as told:
        run([*store(3), *store(3, x="2")])
    (note,) = told.value.__notes__
    assert "RuntimeError: why" in note
    assert "in broken" in note


def test_what_does_not_fit_its_column_is_a_bug_of_its_row_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    fine, long, wrong = store(), store(x="2"), store(x="3")
    values = {"1": "3", "2": "9" * 49, "3": ("1", "2")}
    performs(monkeypatch, lambda task: values[task.x])
    with pytest.raises(ValueError, match="at most 48"):
        run([*fine, *long, *wrong])
    assert states([*fine, *long, *wrong]) == ["success", "created", "created"]
    assert MathTask.objects.get(pk=wrong[0]).error.startswith("TypeError: perform gave ('1', '2')") or (
        "ValueError: perform gave" in MathTask.objects.get(pk=wrong[0]).error
    )


def test_a_value_that_the_database_refuses_is_a_bug_of_its_row_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    ids, write = store(3), outcomes.write

    def picky(held: Any, outcomes: Any, last: bool = True) -> bool:
        if any(row[0] == ids[1] for row in outcomes.results):
            raise DataError("out of range")
        return write(held, outcomes, last)

    monkeypatch.setattr(runs, "write", picky)
    with pytest.raises(DataError):
        run(ids)
    assert states(ids) == ["success", "created", "success"]
    assert MathTask.objects.get(pk=ids[1]).error == "DataError: out of range"


def test_a_time_limit_counts_for_the_row_that_it_stopped_and_for_no_other(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, again: list[Message]
) -> None:
    settings.CELERY_TASK_SOFT_TIME_LIMIT = 0

    def slow(task: Any) -> str:
        if task.x == "2":
            raise SoftTimeLimitExceeded
        return "3"

    done, stopped, after = store(), store(x="2"), store()
    performs(monkeypatch, slow)
    with pytest.raises(SoftTimeLimitExceeded):
        run([*done, *stopped, *after])
    assert list(MathTask.objects.order_by("id").values_list("status", "attempts", "round", "error")) == [
        ("success", 1, 0, ""),
        ("created", 1, 1, "It took longer than 0 s and was stopped."),
        ("created", 0, 1, ""),
    ]
    assert again == [(1, stopped, "tasks"), (1, after, "tasks")]
    assert Claim.objects.get().ids is None


def test_a_stop_counts_for_nobody(monkeypatch: pytest.MonkeyPatch, again: list[Message]) -> None:
    def stopped(task: Any) -> str:
        raise SoftTimeLimitExceeded

    ids = store(2)
    performs(monkeypatch, stopped)
    with pytest.raises(SoftTimeLimitExceeded):
        run(ids)
    assert list(MathTask.objects.values_list("status", "attempts", "round", "error")) == [("created", 0, 1, "")] * 2
    assert again == [(1, ids, "tasks")]


def test_a_time_limit_before_anything_was_begun_gives_all_back(
    monkeypatch: pytest.MonkeyPatch, again: list[Message]
) -> None:
    ids = store(2)
    calls: list[Any] = []

    def slow(*arguments: Any) -> Any:
        calls.append(taking.take(*arguments))  # it is done, and the answer comes too late
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(runs, "take", slow)
    with pytest.raises(SoftTimeLimitExceeded):
        run(ids)
    assert calls
    assert list(MathTask.objects.values_list("status", "attempts", "round")) == [("created", 0, 1)] * 2
    assert again == [(1, ids, "tasks")]


def test_a_time_limit_while_outcomes_are_written_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    ids, write, tries = store(2), outcomes.write, list[int]()

    def slow(*arguments: Any) -> bool:
        tries.append(1)
        if len(tries) == 1:
            raise SoftTimeLimitExceeded
        return write(*arguments)

    monkeypatch.setattr(runs, "write", slow)
    with pytest.raises(SoftTimeLimitExceeded):
        run(ids)
    assert states(ids) == ["success", "success"]
