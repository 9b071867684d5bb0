"""Whose claims are released: those of workers that are gone, or whose time has long been over."""

import pytest
from pytest_django import DjangoAssertNumQueries, Settings
from rows import KIND, ago, held, sign, states, store, take

from arithmetic.models import MathTask
from durable.claimed import Claim
from durable.claims import lost, release
from durable.listing import one
from durable.models import Worker
from durable.workers import NODE, alive, beat, process_name, sign_off

pytestmark = pytest.mark.django_db(transaction=True)
tasks = MathTask.objects


def release_lost() -> list[int]:
    """Release what is lost; the ids that came back."""
    return sorted(task_id for claim in lost() for task_id, _ in release(claim))


def test_a_release_gives_back_what_that_process_holds() -> None:
    mine, other, done = held("w/1", 2), held("w/2"), store(status="success", worker="w/1")
    assert sorted(release(Claim.objects.get(worker="w/1"))) == [(task_id, "tasks") for task_id in mine]
    assert states([*mine, *other, *done]) == ["created", "created", "pending", "success"]
    assert tasks.filter(pk__in=mine).values_list("attempts", "round").distinct().get() == (1, 1)


def test_a_release_tells_what_changed() -> None:
    ids = held("w/1", update_time=ago(60))
    release(Claim.objects.get())
    assert tasks.get(pk=ids[0]).update_time > ago(5)


def test_a_second_release_of_the_same_claim_gives_back_nothing() -> None:
    held("w/1")
    claim = Claim.objects.get()
    assert len(release(claim)) == 1
    assert release(claim) == []
    assert tasks.get().attempts == 1


def test_a_release_leaves_the_next_claim_of_the_process_alone() -> None:
    held("w/1")
    old = Claim.objects.get()
    ids = store()
    take("w/1", ids)
    assert release(old) == []
    assert states(ids) == ["pending"]


def test_a_task_whose_workers_keep_dying_fails_with_a_sentence() -> None:
    once_more, enough = held("w/1", attempts=KIND.max_attempts - 2), held("w/1", attempts=KIND.max_attempts - 1)
    assert release(Claim.objects.get()) == [(once_more[0], "tasks")]
    assert states([*once_more, *enough]) == ["created", "failed"]
    row = one(KIND, enough[0])
    assert row.error == "Its worker died or ran out of time, 5 times in a row. The task is not tried again."
    assert (row.sentence.values, row.attempts, row.worker) == ({"n": 5}, 5, "w/1")


def test_five_deaths_are_enough() -> None:
    ids, lives = store(), []
    for round in range(7):
        _, rows = take("w/1", ids, round)
        lives.append(bool(rows) and bool(release(Claim.objects.get())))
    assert lives == [True, True, True, True, False, False, False]
    assert (states(ids), tasks.get().attempts) == (["failed"], 5)


def test_the_rows_of_a_live_process_stay() -> None:
    sign("w", [1, 2])
    ids = held("w/1") + held("w/2")
    Claim.objects.update(start_time=ago(20))
    assert release_lost() == []
    assert states(ids) == ["pending", "pending"]


def test_a_live_process_loses_what_it_holds_long_after_its_time(settings: Settings) -> None:
    settings.CELERY_TASK_TIME_LIMIT = 30
    sign("w", [1, 2, 3])
    within, beyond = held("w/1", claimed=33), held("w/2", claimed=37)
    assert release_lost() == beyond
    assert states([*within, *beyond]) == ["pending", "created"]


def test_a_process_that_is_gone_loses_what_it_claimed_before_the_last_sign() -> None:
    sign("w", [4], beat=3)
    lost_row, unsure, newer = held("w/1", claimed=5), held("w/2", claimed=3.5), held("w/3", claimed=1)
    assert release_lost() == lost_row
    assert states([*lost_row, *unsure, *newer]) == ["created", "pending", "pending"]


def test_a_silent_workers_rows_come_back_once_there_is_a_witness() -> None:
    sign("w", [1], beat=20)
    sign("young", [1], since=7)
    ids = held("w/1", claimed=25) + held("never-signed/7", claimed=25)
    assert release_lost() == []
    sign("witness", [1], since=9)
    assert release_lost() == ids


def test_after_an_outage_of_the_database_nobody_is_declared_dead(settings: Settings) -> None:
    settings.CELERY_TASK_TIME_LIMIT = 300
    sign("a", [1], beat=60, since=600)
    sign("b", [1], beat=60, since=600)
    ids = held("a/1", claimed=90) + held("b/1", claimed=90)
    assert release_lost() == []  # nobody has signed again yet
    Worker.objects.filter(name="a").update(name=NODE)
    Claim.objects.filter(worker="a/1").update(worker=f"{NODE}/1")
    beat([1])
    assert release_lost() == []  # the first to sign is no witness of the other's silence
    assert states(ids) == ["pending", "pending"]


def test_a_sweep_without_claims_costs_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    store(3)
    with django_assert_num_queries(1):
        assert lost() == []


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
