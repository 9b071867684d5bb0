"""Outcomes, cancels and retries: who may write a row, and what it costs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries
from rows import KIND, database_away, results, states, store, take

from arithmetic.models import MathTask
from durable import claims, taking
from durable.actions import cancel_task, retry_task
from durable.claimed import Claim
from durable.claims import Held, Process, keep
from durable.listing import one
from durable.outcomes import Outcomes, write
from durable.patience import patiently
from durable.services import create_task
from durable.words import say

pytestmark = pytest.mark.django_db(transaction=True)
tasks = MathTask.objects


def test_an_outcome_writes_each_result_to_its_row_and_ends_the_claim() -> None:
    ids = store(2)
    claim, _ = take("w/1", ids)
    assert write(claim, Outcomes(results=[(ids[0], 0, "3"), (ids[1], 2_000_000, "4")]))
    rows = list(tasks.order_by("id"))
    assert [(row.result, row.status, row.error, row.attempts, row.worker) for row in rows] == [
        ("3", "success", "", 1, "w/1"),
        ("4", "success", "", 1, "w/1"),
    ]
    assert [round((row.update_time - row.start_time).total_seconds(), 1) for row in rows] == [0, 2]
    assert Claim.objects.get().ids is None


def test_a_failure_keeps_its_sentence_and_the_values_in_it() -> None:
    claim, rows = take("w/1", store(2))
    outcomes = Outcomes()
    outcomes.failed(rows[0].id, 0, say("Why."))
    outcomes.failed(rows[1].id, 0, say("Why {n}?", n=3))
    assert write(claim, outcomes)
    assert list(tasks.order_by("id").values_list("status", "error", "reason", "result", "attempts")) == [
        ("failed", "Why.", None, "", 1),
        ("failed", "Why 3?", ["Why {n}?", {"n": 3}], "", 1),
    ]
    assert one(KIND, rows[1].id).sentence.values == {"n": 3}


def test_an_outcome_costs_two_statements_in_one_transaction(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ids = store(500)
    claim, _ = take("w/1", ids)
    with django_assert_num_queries(6 if connection.vendor == "sqlite" else 1):  # BEGIN and COMMIT are counted there
        assert write(claim, results(ids))


def test_the_late_outcome_of_a_released_claim_is_dropped() -> None:
    ids = store()
    claim, _ = take("w/1", ids)
    assert claims.release(Claim.objects.get(worker="w/1")) == [(ids[0], "tasks")]
    assert not write(claim, results(ids, "666"))
    assert tasks.values_list("status", "result").get() == ("created", "")
    other, _ = take("w/2", ids, 1)
    assert not write(claim, results(ids, "666"))
    assert write(other, results(ids))
    assert not write(claim, results(ids, "666"))
    assert tasks.values_list("status", "result", "worker", "attempts").get() == ("success", "3", "w/2", 2)


def test_an_outcome_whose_answer_was_lost_is_written_once() -> None:
    ids = store()
    claim, _ = take("w/1", ids)
    assert write(claim, results(ids))
    assert not write(claim, results(ids, "666"))
    assert tasks.values_list("status", "result", "attempts").get() == ("success", "3", 1)


def test_what_is_written_before_the_end_keeps_the_claim() -> None:
    ids = store(2)
    claim, _ = take("w/1", ids)
    for _ in range(2):  # and may be repeated
        assert write(claim, results(ids[:1]), last=False)
    assert states(ids) == ["success", "pending"]
    assert tasks.get(pk=ids[0]).attempts == 1
    assert write(claim, results(ids[1:]))


def test_what_was_not_begun_is_given_back_and_not_counted() -> None:
    ids = store(3)
    claim, _ = take("w/1", ids)
    assert write(claim, Outcomes(results=[(ids[0], 0, "3")], untouched=ids[1:]))
    assert list(tasks.order_by("id").values_list("status", "round", "attempts")) == [
        ("success", 0, 1),
        ("created", 1, 0),
        ("created", 1, 0),
    ]


def test_an_older_claim_of_the_same_process_writes_nothing() -> None:
    first, second = store(), store()
    old, _ = take("w/1", first)
    keep(old, [])
    take("w/1", second)
    assert not write(old, results(second, "666"))
    assert states(second) == ["pending"]


@pytest.mark.usefixtures("published")
def test_a_cancelled_task_drops_its_outcome() -> None:
    ids = store()
    claim, _ = take("w/1", ids)
    assert cancel_task(kind=KIND, task_id=ids[0]).status == "cancelled"
    assert write(claim, results(ids, "666"))
    assert tasks.values_list("status", "result", "attempts").get() == ("cancelled", "", 0)


@pytest.mark.usefixtures("published")
def test_a_retry_while_the_first_run_still_works_is_a_run_of_its_own() -> None:
    ids = store()
    first, _ = take("w/1", ids)
    cancel_task(kind=KIND, task_id=ids[0])
    assert retry_task(kind=KIND, task_id=ids[0]).status == "created"
    second, rows = take("w/2", ids, 1)
    assert [row.key for row in rows] == [f"mathtask-{ids[0]}-1"]
    assert write(first, results(ids, "666"))
    assert states(ids) == ["pending"]
    assert write(second, results(ids))
    assert tasks.values_list("status", "result", "worker").get() == ("success", "3", "w/2")


@pytest.mark.usefixtures("published")
def test_a_retry_forgets_what_was() -> None:
    ids = store(status="failed", error="Why 3?", reason=["Why {n}?", {"n": 3}], attempts=5, worker="w/1", round=4)
    retry_task(kind=KIND, task_id=ids[0])
    row = tasks.get()
    assert (row.status, row.error, row.reason, row.attempts, row.worker, row.round) == ("created", "", None, 0, "", 5)


@pytest.mark.usefixtures("published")
def test_creating_a_task_costs_two_statements(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    values = {"x": "1", "task_type": "add", "y": "2"}
    statements = 2 if connection.vendor == "sqlite" else 1  # both in one round trip
    create_task(kind=KIND, values=values)  # how many wait is looked at once a second, for all that are created in it
    with django_assert_num_queries(statements):
        create_task(kind=KIND, values=values)
    with django_assert_num_queries(statements):
        create_task(kind=KIND, values=values, idempotency_key="k")


@pytest.mark.parametrize("lose", ["claim", "outcome"])
def test_a_step_is_repeated_after_the_database_was_away(lose: str) -> None:
    ids = store()
    process = Process("w/1")
    claim = Held("w/1", process.next(), KIND, 0)
    step: Callable[[], Any] = lambda: taking.take(process, claim, ids)  # noqa: E731
    if lose == "outcome":
        step()
        step = lambda: write(claim, results(ids))  # noqa: E731
    with database_away(times=2) as refused:
        assert patiently(step)
    assert len(refused) == 2
    assert states(ids) == ["pending" if lose == "claim" else "success"]
