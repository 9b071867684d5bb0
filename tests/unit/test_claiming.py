"""Claims: who may work on a row, one at a time, at two statements a message."""

import threading
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections
from pytest_django import DjangoAssertNumQueries
from rows import KIND, ago, held, results, states, store, take

from arithmetic.models import MathTask
from durable import claims, taking
from durable.claimed import Claim
from durable.claims import Held, Process
from durable.listing import one
from durable.outcomes import write
from durable.patience import patiently
from durable.queries import among
from durable.states import Status

pytestmark = pytest.mark.django_db(transaction=True)
tasks = MathTask.objects


def test_a_claim_makes_rows_pending_without_writing_them() -> None:
    ids = store(2, update_time=ago(60))
    before = list(tasks.order_by("id").values())
    _, rows = take("w/1", ids)
    assert [(row.id, row.x, row.task_type, row.y, row.attempts) for row in rows] == [
        (task_id, "1", "add", "2", 0) for task_id in ids
    ]
    assert list(tasks.order_by("id").values()) == before
    row = one(KIND, ids[0])
    assert (row.status, row.worker, row.attempts) == (Status.PENDING, "w/1", 1)
    assert row.start_time is not None
    assert row.start_time == row.update_time


def test_a_second_claim_of_the_same_row_gets_nothing() -> None:
    ids = store(3)
    take("w/1", ids)
    assert take("w/2", ids)[1] == []
    assert take("w/3", ids[:1])[1] == []
    assert Claim.objects.filter(ids__isnull=False).get().worker == "w/1"  # who got nothing holds nothing


def test_an_overlapping_claim_yields_what_another_holds_and_keeps_the_rest() -> None:
    ids = store(6)
    take("w/1", ids[2:4])
    _, rows = take("w/2", ids)
    assert [row.id for row in rows] == [*ids[:2], *ids[4:]]
    assert claims.ids_of(Claim.objects.get(worker="w/2")) == [*ids[:2], *ids[4:]]
    assert {one(KIND, task_id).worker for task_id in ids[2:4]} == {"w/1"}


def test_workers_that_claim_at_once_never_hold_the_same_row() -> None:
    ids, got, start = store(40), dict[str, list[int]](), threading.Barrier(4)

    def claim(worker: str) -> None:
        start.wait(10)
        process, mine = Process(worker), list[int]()
        for first in range(0, 40, 4):
            part = ids[first : first + 8]
            seq = process.next()
            assert patiently(partial(process.claim, KIND, 0, part))
            claim = Held(worker, seq, KIND, 0)
            rows: list[Any] = patiently(partial(taking.rows, claim, part))
            written: bool = bool(rows) and patiently(partial(write, claim, results([row.id for row in rows])))
            if written:
                mine += [row.id for row in rows]
        got[worker] = mine
        connections.close_all()

    threads = [threading.Thread(target=claim, args=[f"w/{number}"]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    taken = sorted(task_id for mine in got.values() for task_id in mine)
    assert taken == sorted(set(taken))
    assert set(tasks.filter(status="success").values_list("pk", "attempts")) == {(task_id, 1) for task_id in taken}


def test_a_claim_whose_answer_was_lost_is_taken_once() -> None:
    ids, process = store(2), Process("w/1")
    process.next()
    assert process.claim(KIND, 0, ids)
    assert process.claim(KIND, 0, ids)  # asked again: it is found to be there
    claims.release(Claim.objects.get())
    assert not process.claim(KIND, 0, ids)  # it was taken for dead meanwhile


def test_a_process_that_was_forgotten_while_it_had_nothing_to_do_goes_on() -> None:
    ids, process = store(2), Process("w/1")
    process.next()
    process.claim(KIND, 0, ids[:1])
    Claim.objects.all().delete()
    process.next()
    assert process.claim(KIND, 0, ids[1:])
    assert states(ids) == ["created", "pending"]


def test_a_process_of_a_dead_ones_name_gives_back_what_that_held() -> None:
    ids = held("w/1", 2)
    assert Process("w/1").next() == 2
    assert set(tasks.filter(pk__in=ids).values_list("round", "attempts")) == {(1, 1)}
    assert states(ids) == ["created", "created"]


@pytest.mark.parametrize("status", ["success", "failed", "cancelled"])
def test_a_claim_takes_waiting_rows_alone(status: str) -> None:
    ids = store(status=status)
    assert take("w/1", ids)[1] == []
    assert states(ids) == [status]


@pytest.mark.parametrize("round", [0, 2])
def test_a_message_of_another_round_takes_nothing(round: int) -> None:
    ids = store(round=1)
    assert take("w/1", ids, round)[1] == []
    assert len(take("w/1", ids, 1)[1]) == 1


def test_a_claim_costs_two_statements(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ids, process = store(500), Process("w/1")
    claim = Held("w/1", process.next(), KIND, 0)
    with django_assert_num_queries(2 if connection.vendor == "sqlite" else 1):  # both in one round trip
        assert len(taking.take(process, claim, ids) or []) == 500


@pytest.mark.parametrize("ids", [[], [7], [3, 4, 5], [5, 3, 4], [3, 5], [3, 3, 5], [4, 4]])
def test_rows_are_chosen_by_their_ids_alone(ids: list[int]) -> None:
    for number in range(1, 10):
        MathTask.objects.create(id=number, x="1", task_type="add", y="2")
    assert set(tasks.filter(among(ids)).values_list("pk", flat=True)) == set(ids)


@pytest.mark.parametrize("ids", [[3], [3, 4, 5], [3, 5, 35], [5, 3]])
def test_a_claim_covers_its_ids_alone(ids: list[int]) -> None:
    for number in range(1, 40):
        MathTask.objects.create(id=number, x="1", task_type="add", y="2")
    take("w/1", ids)
    assert set(tasks.running().values_list("pk", flat=True)) == set(ids)
    assert set(tasks.waiting().values_list("pk", flat=True)) == set(range(1, 40)) - set(ids)
    assert {task.pk for task in tasks.shown() if task.status == "pending"} == set(ids)
