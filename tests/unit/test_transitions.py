import threading
from datetime import timedelta

import pytest
from django.db import connections
from pytest_django import DjangoAssertNumQueries
from rows import ago, held, states, store

from arithmetic.models import Claim, MathTask, Status, among
from arithmetic.services import create_task

pytestmark = pytest.mark.django_db(transaction=True)
tasks = MathTask.objects


def test_a_claim_takes_the_waiting_rows_and_notes_the_worker() -> None:
    ids = store(2)
    assert tasks.claim(ids, "w/1") == [Claim(ids[0], "add", "1", "2", 1), Claim(ids[1], "add", "1", "2", 1)]
    row = tasks.get(pk=ids[0])
    assert (row.status, row.worker, row.attempts) == (Status.PENDING, "w/1", 1)
    assert row.start_time is not None
    assert row.start_time == row.update_time


def test_a_second_claim_of_the_same_row_gets_nothing() -> None:
    ids = store(3)
    tasks.claim(ids, "w/1")
    assert tasks.claim(ids, "w/2") == []
    assert tasks.claim(ids[:1], "w/2") == []
    assert set(tasks.values_list("worker", "attempts")) == {("w/1", 1)}


def test_two_workers_that_claim_at_once_share_the_rows_out() -> None:
    ids, got, start = store(40), dict[str, list[int]](), threading.Barrier(4)

    def claim(worker: str) -> None:
        start.wait(10)
        got[worker] = [claim.id for task_id in ids for claim in tasks.claim([task_id], worker)]
        connections.close_all()

    threads = [threading.Thread(target=claim, args=[f"w/{number}"]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(task_id for taken in got.values() for task_id in taken) == ids


def test_a_repeated_claim_finds_its_own_rows_again() -> None:
    ids = store(2)
    first = tasks.claim(ids, "w/1")
    assert tasks.claim(ids, "w/1") == first


@pytest.mark.parametrize("status", ["pending", "success", "failed", "cancelled"])
def test_a_claim_takes_waiting_rows_alone(status: str) -> None:
    ids = store(status=status)
    assert tasks.claim(ids, "w/1") == []
    assert states(ids) == [status]


def test_a_message_of_several_ids_takes_fresh_rows_alone() -> None:
    fresh, tried = store(2), store(attempts=1)
    assert [claim.id for claim in tasks.claim([*fresh, *tried], "w/1")] == fresh
    assert [claim.id for claim in tasks.claim(tried, "w/1")] == tried
    assert tasks.get(pk=tried[0]).attempts == 2


def test_a_claim_costs_two_statements(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ids = store(500)
    with django_assert_num_queries(2):
        assert len(tasks.claim(ids, "w/1")) == 500


def test_a_finish_writes_each_result_to_its_row() -> None:
    ids = store(2)
    tasks.claim(ids, "w/1")
    assert tasks.finish("w/1", 1, Status.SUCCESS, {ids[0]: "3", ids[1]: "4"}) == 2
    assert list(tasks.order_by("id").values_list("result", "status", "error")) == [
        ("3", "success", ""),
        ("4", "success", ""),
    ]


def test_a_failure_keeps_its_sentence() -> None:
    ids = held("w/1")
    assert tasks.finish("w/1", 1, Status.FAILED, {ids[0]: "Why."}) == 1
    assert tasks.values_list("status", "error", "result").get() == ("failed", "Why.", "")


def test_a_finish_costs_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ids = held("w/1", 500)
    with django_assert_num_queries(1):
        assert tasks.finish("w/1", 1, Status.SUCCESS, dict.fromkeys(ids, "3")) == 500
    with django_assert_num_queries(0):
        assert tasks.finish("w/1", 1, Status.SUCCESS, {}) == 0


@pytest.mark.parametrize(("worker", "attempts"), [("w/2", 2), ("w/1", 1), ("w/1", 3)])
def test_a_stale_workers_late_result_is_dropped(worker: str, attempts: int) -> None:
    ids = held("w/1", attempts=2)
    assert tasks.finish(worker, attempts, Status.SUCCESS, {ids[0]: "666"}) == 0
    assert tasks.values_list("status", "result").get() == ("pending", "")


def test_a_second_finish_changes_nothing() -> None:
    ids = held("w/1")
    tasks.finish("w/1", 1, Status.SUCCESS, {ids[0]: "3"})
    assert tasks.finish("w/1", 1, Status.SUCCESS, {ids[0]: "666"}) == 0
    assert tasks.finish("w/1", 1, Status.FAILED, {ids[0]: "Why."}) == 0
    assert tasks.values_list("status", "result", "error").get() == ("success", "3", "")


@pytest.mark.parametrize("status", ["created", "cancelled"])
def test_a_row_that_is_no_longer_held_is_not_finished(status: str) -> None:
    ids = store(status=status, worker="w/1", attempts=1)
    assert tasks.finish("w/1", 1, Status.SUCCESS, {ids[0]: "3"}) == 0
    assert states(ids) == [status]


@pytest.mark.parametrize("ids", [[], [7], [3, 4, 5], [5, 3, 4], [3, 5], [3, 3, 5], [4, 4]])
def test_rows_are_chosen_by_their_ids_alone(ids: list[int]) -> None:
    for number in range(1, 10):
        MathTask.objects.create(id=number, x="1", task_type="add", y="2")
    assert set(tasks.filter(among(ids)).values_list("pk", flat=True)) == set(ids)


def test_overdue_rows_come_oldest_first() -> None:
    older, old = store(update_time=ago(20)), store(update_time=ago(30), attempts=2)
    store(update_time=ago(5))
    store(update_time=ago(30), status="pending")
    assert tasks.overdue("tasks", ago(10), 10) == [(older[0], 0), (old[0], 2)]
    assert tasks.overdue("tasks", ago(10), 1) == [(older[0], 0)]


def test_a_forgotten_single_task_is_in_sight_behind_any_number_of_a_batch() -> None:
    store(5, batch_id=1, queue="batches", update_time=ago(20))
    single = store(update_time=ago(20))
    assert tasks.overdue("tasks", ago(10), 1) == [(single[0], 0)]


def test_overdue_rows_of_a_batch_come_into_sight_as_those_before_them_are_worked_off() -> None:
    before = store(3, update_time=ago(1))
    batched = store(batch_id=1, queue="batches", update_time=ago(20))
    assert tasks.overdue("batches", ago(10), 3) == []
    tasks.filter(pk__in=before).update(status="success")
    assert tasks.overdue("batches", ago(10), 3) == [(batched[0], 0)]


def test_a_row_is_touched_by_one_sweep_alone() -> None:
    ids, before = store(2, update_time=ago(20)), ago(10)
    assert tasks.touch(ids, before) == 2
    assert tasks.touch(ids, before) == 0
    assert tasks.touch(store(status="pending", update_time=ago(20)), before) == 0


def test_a_purge_deletes_old_finished_rows_alone() -> None:
    old = {status: store(status=status, update_time=ago(100)) for status in Status}
    new = {status: store(status=status, update_time=ago(10)) for status in Status}
    assert tasks.purge(timedelta(seconds=50), 10) == 3
    kept = [*old[Status.CREATED], *old[Status.PENDING], *(ids[0] for ids in new.values())]
    assert sorted(tasks.values_list("pk", flat=True)) == sorted(kept)


def test_a_purge_takes_the_oldest_first_and_no_more_than_its_batch() -> None:
    store(4, status="success", update_time=ago(100))
    oldest = store(2, status="failed", update_time=ago(200))
    assert tasks.purge(timedelta(seconds=50), 2) == 2
    assert not tasks.filter(pk__in=oldest).exists()
    assert tasks.purge(timedelta(seconds=50), 3) == 3
    assert tasks.purge(timedelta(seconds=50), 5) == 1


@pytest.mark.usefixtures("published")
def test_creating_a_task_costs_two_statements(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(2):
        create_task(x="1", task_type="add", y="2")
    with django_assert_num_queries(2):
        create_task(x="1", task_type="add", y="2", idempotency_key="k")
