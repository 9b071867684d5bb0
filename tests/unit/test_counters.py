"""What was done is counted exactly: once, and only what really ended, by the claim's own transaction."""

from collections import Counter as Numbers
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.models import Sum
from pytest_django import DjangoAssertNumQueries
from rows import KIND, ago, database_away, held, store, take

from arithmetic.models import MathTask
from durable import actions, claims, counters, outcomes, tasks, totals
from durable.claimed import Claim
from durable.counters import BOUNDS, COUNTS, OUTCOMES, RUNS, WAITS, Counter
from durable.filters import EVERYTHING
from durable.models import Total
from durable.outcomes import Outcomes, write
from durable.words import Sentence

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def unpublished(monkeypatch: pytest.MonkeyPatch) -> None:
    """No broker."""
    monkeypatch.setattr(tasks, "send", lambda *_, **__: None)
    monkeypatch.setattr("durable.services.publisher.put_many", lambda *_: None)


def sums(**only: Any) -> dict[str, int]:
    """All that is counted."""
    found = Counter.objects.filter(**only).aggregate(**{f"all_{name}": Sum(name) for name in COUNTS})
    return {name: found[f"all_{name}"] or 0 for name in COUNTS}


def ended() -> dict[str, int]:
    """How many ended how."""
    found = sums()
    return {name: found[name] for name in OUTCOMES if found[name]}


def times(names: list[str]) -> int:
    """How many times a histogram has."""
    found = sums()
    return sum(found[name] for name in names)


def results(*ids: int, took: int = 1_000) -> list[tuple[Any, ...]]:
    """Of rows that took so many microseconds."""
    return [(identity, took, "3") for identity in ids]


def test_a_message_is_counted_in_one_row_of_its_process() -> None:
    fine, bad = store(3, create_time=ago(4)), store(task_type="divide", y="0", create_time=ago(0.3))
    tasks.run.apply(args=(KIND.name, 0, [*fine, *bad]), throw=True)
    assert ended() == {"success": 3, "failed": 1}
    row = Counter.objects.get()
    assert (row.kind, row.seconds, row.queue, row.process) == (KIND.name, 10, "tasks", Claim.objects.get().worker)
    assert row.start % 10 == 0
    found = counters.told(sums())
    assert 12_300 < sums()["waited"] / 1000 < 14_000
    assert 2_000 < found["waiting_ms"] < 5_000
    assert found["waiting_mean_ms"] == round(sums()["waited"] / 4_000, 1)
    took = [row.update_time - row.start_time for row in MathTask.objects.all()]
    assert abs(sum(each.total_seconds() for each in took) * 1e6 - sums()["ran"]) < 8_000  # SQLite keeps milliseconds
    assert (times(WAITS), times(RUNS)) == (4, 4)


def test_what_is_tried_again_is_told_apart_and_waits_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = store(2, create_time=ago(200), update_time=ago(1), round=1, attempts=1)
    monkeypatch.setattr(MathTask, "perform", staticmethod(lambda row: str(1 // 0)))
    with pytest.raises(ZeroDivisionError):
        tasks.run.apply(args=(KIND.name, 1, ids), throw=True)
    assert ended() == {"again": 2}
    assert sums()["waited"] < 5e6  # and not the 200 s since it was created


def test_the_last_try_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    (identity,) = store()
    monkeypatch.setattr(MathTask, "perform", staticmethod(lambda row: str(1 // 0)))
    for round in range(KIND.max_attempts):
        with pytest.raises(ZeroDivisionError):
            tasks.run.apply(args=(KIND.name, round, [identity]), throw=True)
    assert ended() == {"again": KIND.max_attempts - 1, "failed": 1}


def test_what_was_cancelled_meanwhile_is_not_counted_as_the_workers() -> None:
    ids = store(5)
    claim, _ = take("w/1", ids)
    actions.cancel_task(kind=KIND, task_id=ids[1])
    actions.cancel_task(kind=KIND, task_id=ids[4])
    found = Outcomes(results=results(*ids[:3]))
    for identity in ids[3:]:
        found.failed(identity, 0.1, Sentence("no"))
    assert write(claim, found)
    assert list(MathTask.objects.order_by("id").values_list("status", flat=True)) == [
        "success", "cancelled", "success", "failed", "cancelled",
    ]  # fmt: skip
    assert ended() == {"success": 2, "failed": 1, "cancelled": 2}
    assert times(RUNS) == 3
    assert {row.process for row in Counter.objects.all()} > {"w/1"}  # and the cancels are another process's


def test_where_all_were_cancelled_the_claim_ends_and_nothing_is_counted() -> None:
    ids = store(2)
    claim, _ = take("w/1", ids)
    actions.change_these(KIND, "cancel", ids)
    assert write(claim, Outcomes(results=results(*ids)))
    assert Claim.objects.get(worker="w/1").ids is None
    assert ended() == {"cancelled": 2}


@pytest.mark.parametrize("last", [True, False])
def test_an_outcome_that_is_repeated_after_a_lost_answer_counts_once(last: bool) -> None:
    ids = store(3)
    claim, _ = take("w/1", ids)
    found = Outcomes(results=results(*ids))
    assert write(claim, found, last)
    write(claim, found, last)
    assert ended() == {"success": 3}


def test_a_claim_that_is_no_longer_held_counts_nothing() -> None:
    ids = store(2)
    claim, _ = take("w/1", ids)
    claims.release(Claim.objects.get())
    assert not write(claim, Outcomes(results=results(*ids)))
    assert ended() == {"again": 2}


def test_deaths_are_tries_that_ended_badly_and_the_last_one_a_failure() -> None:
    held("gone/1", 2), held("gone/1", 3, attempts=KIND.max_attempts - 1)
    claims.release(Claim.objects.get())
    claims.release(Claim.objects.get())
    assert ended() == {"again": 2, "failed": 3}
    assert times(RUNS) == 0  # nobody knows how long they ran


def test_cancels_are_counted_and_retries_take_nothing_back() -> None:
    ids = store(3)
    assert actions.cancel_matching(kind=KIND, filters=EVERYTHING, expected=3).changed == 3
    actions.change_these(KIND, "retry", ids)
    actions.change_these(KIND, "cancel", ids[:1])
    assert ended() == {"cancelled": 4}


def test_what_is_not_written_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = store(2)
    claim, _ = take("w/1", ids)
    with database_away(), pytest.raises(OperationalError):
        write(claim, Outcomes(results=results(*ids)))
    assert ended() == {}
    if connection.vendor == "sqlite":  # elsewhere it is one statement

        def broken(*arguments: Any, **named: Any) -> Any:
            raise OperationalError(1, "disk full")

        monkeypatch.setattr(outcomes, "adding", broken)
        with pytest.raises(OperationalError):
            write(claim, Outcomes(results=results(*ids)))
        assert set(MathTask.objects.values_list("status", flat=True)) == {"created"}


def test_a_quantile_is_within_its_bucket() -> None:
    values = [0, 999, 1_000, 1_001, 3_000_000, 3_000_000, 3_000_000, 4_000_000, 9 * 10**10]
    found = counters.histogram(RUNS, values)
    assert sum(found.values()) == len(values)
    assert found["run_0"] == 3
    middle = counters.quantile(found, RUNS, 0.5)
    assert middle is not None
    assert 2_000_000 < middle <= 5_000_000
    assert counters.quantile(found, RUNS, 1.0) == BOUNDS[-1]
    assert counters.quantile({}, RUNS, 0.5) is None


def fill(seconds: int, ago: int, process: str, queue: str = "", **numbers: int) -> int:
    """Store a row whose step began about so long ago; its start."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counters.whole(f'({counters.clock()} - %s)', seconds)}", [ago])
        start = int(cursor.fetchone()[0])
    Counter.objects.create(kind=KIND.name, seconds=seconds, start=start, queue=queue, process=process, **numbers)
    return start


def test_steps_are_whole_and_have_no_gaps() -> None:
    fill(10, 0, "a", success=100)  # not over yet
    last, first = fill(10, 10, "a", success=2), fill(10, 40, "a", success=3)
    fill(10, 40, "b", success=4, failed=1)
    fill(10, 700, "a", success=9)  # too long ago
    found = counters.steps(KIND.name, 60)
    assert [start for start, _ in found] == list(range(first, last + 1, 10))
    assert [counters.told(numbers)["ended"] for _, numbers in found] == [8, 0, 0, 2]
    assert counters.steps("another", 60) == []


def test_reading_is_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    fill(10, 20, "a", success=2)
    with django_assert_num_queries(1):
        counters.steps(KIND.name, 60)


def test_old_steps_become_coarser_and_at_last_a_total() -> None:
    for process in ("a", "b"):
        for age in (30, 3_700, 3_710, 3_720, 7_500):
            fill(10, age, process, success=1, run_3=2)
    for age in (7 * 3_600, 7 * 3_600 + 60):
        fill(60, age, "", failed=5)
    fill(600, 25 * 3_600, "", failed=7)
    before, ever = Numbers(sums()) - Numbers(failed=7), totals.ever()
    for _ in range(2):
        totals.roll_up()
        assert Numbers(sums()) == before
        assert totals.ever() == ever
    assert sums(seconds=10)["success"] == 2
    assert sums(seconds=60)["success"] == 8
    assert sums(seconds=600) == {**dict.fromkeys(COUNTS, 0), "failed": 10}
    assert {row.process for row in Counter.objects.exclude(seconds=10)} == {""}
    assert all(row.start % row.seconds == 0 for row in Counter.objects.all())
    assert list(Total.objects.values_list("kind", "failed")) == [(KIND.name, 7)]


def test_a_total_keeps_queues_apart_and_grows() -> None:
    for age in (25, 26, 27):
        fill(600, age * 3_600, "", queue="tasks", success=1)
        fill(600, age * 3_600, "", queue="batches", success=10)
        totals.roll_up()
    assert {queue: numbers["success"] for (_, queue), numbers in totals.ever().items()} == {"tasks": 3, "batches": 30}
    assert not Counter.objects.exists()


def test_what_another_has_added_to_the_total_meanwhile_is_not_added_twice() -> None:
    start = fill(600, 25 * 3_600, "", success=4)
    for _ in range(2):
        totals.retire(KIND.name, 600, start + 600)
    assert Total.objects.values_list("success", flat=True).get() == 4


def test_what_was_made_coarser_by_another_meanwhile_is_not_counted_twice() -> None:
    start = fill(10, 3_800, "a", success=1) // 60 * 60
    for _ in range(2):
        totals.combine(KIND.name, 10, 60, start)
    assert ended() == {"success": 1}
    fill(10, 3_800, "late", success=2)  # a transaction that took an hour
    totals.combine(KIND.name, 10, 60, start)
    assert ended() == {"success": 3}
