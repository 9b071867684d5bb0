import pytest
from pytest_django import DjangoAssertNumQueries
from rows import ago, held, sign, states, store

from arithmetic.models import MAX_ATTEMPTS, MathTask, Status, Worker
from arithmetic.workers import NODE, alive, beat, process_name, sign_off

pytestmark = pytest.mark.django_db(transaction=True)
tasks = MathTask.objects


def test_a_release_gives_back_what_that_worker_holds() -> None:
    mine, other, done = held("w/1", 2), held("w/2"), store(status="success", worker="w/1")
    assert sorted(tasks.release("w/1")) == [(task_id, "tasks") for task_id in mine]
    assert states([*mine, *other, *done]) == ["created", "created", "pending", "success"]
    assert tasks.get(pk=mine[0]).attempts == 1


def test_a_task_whose_workers_keep_dying_fails_with_a_sentence() -> None:
    once_more, enough = held("w/1", attempts=MAX_ATTEMPTS - 1), held("w/1", attempts=MAX_ATTEMPTS)
    assert tasks.release("w/1") == [(once_more[0], "tasks")]
    assert states([*once_more, *enough]) == ["created", "failed"]
    error = tasks.get(pk=enough[0]).error
    assert "5 times" in error
    assert error.endswith(".")


def test_five_deaths_are_enough() -> None:
    ids = store()
    lives = [bool(tasks.claim(ids, "w/1")) and bool(tasks.release("w/1")) for _ in range(7)]
    assert lives == [True, True, True, True, False, False, False]
    assert (states(ids), tasks.get().attempts) == (["failed"], 5)


def test_the_rows_of_a_live_process_stay() -> None:
    sign("w", [1, 2])
    ids = held("w/1", claimed=30) + held("w/2", claimed=1)
    assert tasks.release_lost() == []
    assert states(ids) == ["pending", "pending"]


def test_no_process_holds_a_row_for_longer_than_the_time_limit() -> None:
    sign("w", [1, 2])
    ids = held("w/1", claimed=37) + held("w/1", claimed=33) + held("w/2", claimed=33)
    assert tasks.release_lost() == [(ids[0], "tasks")]
    assert states(ids) == ["created", "pending", "pending"]


def test_a_process_that_works_on_in_spite_of_the_time_limit_is_fenced_off_even_from_its_own_next_claim() -> None:
    sign("w", [1])
    (task_id,) = held("w/1", claimed=37)
    tasks.release_lost()
    assert tasks.finish("w/1", 1, Status.SUCCESS, {task_id: "666"}) == 0
    assert [claim.attempts for claim in tasks.claim([task_id], "w/1")] == [2]
    assert tasks.finish("w/1", 1, Status.SUCCESS, {task_id: "666"}) == 0
    assert tasks.release_lost() == []  # the time of the second claim counts
    assert tasks.finish("w/1", 2, Status.SUCCESS, {task_id: "3"}) == 1


def test_a_process_that_is_gone_loses_what_it_claimed_before_the_last_sign() -> None:
    sign("w", [2], beat=3)
    lost, unsure, newer = held("w/1", claimed=5), held("w/1", claimed=3.5), held("w/1", claimed=1)
    assert tasks.release_lost() == [(lost[0], "tasks")]
    assert states([*lost, *unsure, *newer]) == ["created", "pending", "pending"]


def test_a_silent_workers_rows_come_back_once_there_is_a_witness() -> None:
    sign("w", [1], beat=20)
    sign("young", [1], since=7)
    ids = held("w/1") + held("never-signed/7")
    assert tasks.release_lost() == []
    sign("witness", [1], since=9)
    assert sorted(tasks.release_lost()) == [(task_id, "tasks") for task_id in ids]


def test_after_an_outage_of_the_database_nobody_is_declared_dead() -> None:
    sign("a", [1], beat=20, since=600)
    sign("b", [1], beat=20, since=600)
    ids = held("a/1", claimed=25) + held("b/1", claimed=25)
    assert tasks.release_lost() == []  # nobody has signed again yet
    Worker.objects.filter(name="a").update(name=NODE)
    tasks.filter(worker="a/1").update(worker=f"{NODE}/1")
    beat([1])
    assert tasks.release_lost() == []  # the first to sign is no witness of the other's silence
    assert states(ids) == ["pending", "pending"]


def test_a_sweep_without_held_rows_costs_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    store(3)
    with django_assert_num_queries(1):
        assert tasks.release_lost() == []


def test_a_sweep_whose_held_rows_are_in_good_hands_costs_two(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    sign("w", [1, 2, 3])
    for pid in (1, 2, 3):
        held(f"w/{pid}", 3, claimed=20)
    with django_assert_num_queries(2):
        assert tasks.release_lost() == []


def test_a_gap_between_two_signs_starts_the_count_again() -> None:
    sign(NODE, [1], since=600, beat=7)
    beat([1, 2])
    row = Worker.objects.get(name=NODE)
    assert row.pids == [1, 2]
    assert row.since_time < ago(500)
    assert row.beat_time > ago(2)
    Worker.objects.filter(name=NODE).update(beat_time=ago(9))
    beat([2])
    assert Worker.objects.get(name=NODE).since_time > ago(2)


def test_a_worker_that_signs_off_is_not_alive() -> None:
    sign("other", [1])
    beat([1])
    assert process_name().startswith(f"{NODE}/")
    assert set(alive().values_list("name", flat=True)) == {NODE, "other"}
    sign_off()
    assert set(alive().values_list("name", flat=True)) == {"other"}
