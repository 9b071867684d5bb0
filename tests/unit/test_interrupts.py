"""Who is interrupted: the task that was meant, in its middle, once; and never the one after it."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from rows import KIND, ago, database_away, states, store

from arithmetic.models import MathTask
from durable.board import CANCEL, OVER, Board, Work
from durable.claimed import Claim
from durable.claims import Process
from durable.desk import Desk, current
from durable.errors import Cancelled
from durable.overseer import ASKS_WITHIN, Overseer
from durable.testing.overseen import process_of_a_pool, wish
from durable.testing.processes import run
from durable.workers import NODE

TRIES = 1_000
tasks = MathTask.objects


@pytest.fixture
def board() -> Iterator[Board]:
    """This process is one of a pool's."""
    with process_of_a_pool() as made:
        yield made


def at(seq: int, identity: int, pid: int = 1, until: float = float("inf"), round: int = 0) -> Work:
    """A process works on that."""
    return Work(pid, seq, 0, identity, round, until)


@pytest.mark.parametrize(("what", "error"), [(CANCEL, Cancelled), (OVER, SoftTimeLimitExceeded)])
def test_the_task_that_is_meant_is_interrupted_in_its_middle(
    board: Board, what: int, error: type[BaseException]
) -> None:
    desk = current(Desk(KIND, 7, 0))
    desk.begin(3, float("inf"))
    with pytest.raises(error):
        wish(board, 7, 3, what)
        time.sleep(10)
    assert (desk.task, desk.wished, board.slots[1].look()) == (None, what, None)


@pytest.mark.parametrize(("seq", "identity"), [(6, 3), (7, 2), (8, 3), (0, 0)])
def test_another_claim_or_another_task_of_it_is_left_in_peace(board: Board, seq: int, identity: int) -> None:
    desk = current(Desk(KIND, 7, 0))
    desk.begin(3, float("inf"))
    wish(board, seq, identity, CANCEL)
    assert desk.task == 3


def test_a_task_that_has_ended_is_left_in_peace(board: Board) -> None:
    desk = current(Desk(KIND, 7, 0))
    desk.begin(3, float("inf"))
    desk.end()
    wish(board, 7, 3, CANCEL)
    assert desk.wished == 0


def test_it_is_interrupted_once_so_that_it_can_clean_up(board: Board) -> None:
    desk, cleaned = current(Desk(KIND, 7, 0)), list[int]()
    desk.begin(3, float("inf"))
    with pytest.raises(Cancelled):
        try:
            wish(board, 7, 3, CANCEL)
            time.sleep(10)
        finally:
            for turn in range(3):
                wish(board, 7, 3, OVER)
                cleaned.append(turn)
    assert cleaned == [0, 1, 2]


@pytest.mark.django_db(transaction=True)
def test_however_often_it_is_tried_no_other_task_than_the_one_that_was_meant_is_hit(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody interrupts every third task shortly after he has seen it, which is often too late."""
    seen, meant, stopped = list[int](), set[int](), threading.Event()

    def interrupts() -> None:
        while not stopped.is_set():
            work = board.slots[1].look()
            if work and work.id % 3 == 0:
                meant.add(work.id)
                time.sleep(random.uniform(0, 0.002))
                wish(board, work.seq, work.id, OVER)

    def works(row: Any) -> str:
        seen.append(row.id)
        time.sleep(0.001)
        return "3"

    monkeypatch.setattr(MathTask, "perform", staticmethod(works))
    monkeypatch.setattr(KIND, "time_limit", 60)
    ids = [row.pk for row in tasks.bulk_create(MathTask(x="1", task_type="add", y="2") for _ in range(TRIES))]
    thread = threading.Thread(target=interrupts)
    thread.start()
    process = Process("here/1")
    try:
        for start in range(0, TRIES, 20):
            run(process, KIND, ids[start : start + 20])
    finally:
        stopped.set()
        thread.join(10)
    hit = set(tasks.exclude(status="success").values_list("id", flat=True))
    print(f"\n{len(meant)} of {TRIES} tasks were meant, {len(hit)} were hit in time")
    assert hit <= {identity for identity in ids if identity % 3 == 0}
    assert set(seen) | hit == set(ids)
    assert len(seen) == len(set(seen))
    assert TRIES / 30 < len(hit) < len(meant)  # the others had ended


def test_what_is_written_in_between_is_never_seen_as_steady() -> None:
    board = Board(2)
    slot = board.slots[0]
    slot.put(at(1, 5))
    assert board.steady() == []
    slot.put(at(1, 6))
    assert board.steady() == []
    slot.clear()
    assert board.steady() == []
    slot.put(at(2, 5))
    assert board.steady() == []
    assert board.steady() == [(slot, at(2, 5))]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """(pid, signal) of what an overseer sends."""
    found = list[tuple[int, int]]()
    monkeypatch.setattr("durable.overseer.os.kill", lambda pid, number: found.append((pid, number)))
    return found


def looks(works: Callable[[], list[Work]], times: int = 2) -> tuple[Overseer, Board]:
    """An overseer that has looked so often at that."""
    board = Board(4)
    seer = Overseer(board)
    for _ in range(times):
        for slot, work in zip(board.slots, works(), strict=False):
            slot.put(work)
        seer.look()
    return seer, board


@pytest.mark.django_db(transaction=True)
def test_only_what_was_cancelled_deleted_or_taken_away_is_interrupted(sent: list[tuple[int, int]]) -> None:
    fine, cancelled, retried = store(3)
    tasks.cancel([cancelled])
    tasks.filter(pk=retried).update(round=1)
    _, board = looks(lambda: [at(1, fine, 11), at(2, cancelled, 12), at(3, retried, 13), at(4, 999, 14)])
    assert [pid for pid, _ in sent] == [12, 13, 14]
    assert [slot.wish for slot in board.slots[1:]] == [(2, cancelled, CANCEL), (3, retried, CANCEL), (4, 999, CANCEL)]


@pytest.mark.django_db(transaction=True)
def test_who_has_asked_just_now_hears_it_when_he_asks_again(sent: list[tuple[int, int]]) -> None:
    board = Board(1)
    seer, slot = Overseer(board), board.slots[0]
    slot.put(at(1, 999, 11))
    slot.note_asked(time.monotonic())
    for _ in range(3):
        seer.look()
    assert sent == []
    slot.note_asked(time.monotonic() - ASKS_WITHIN - 0.1)
    seer.look()
    assert [pid for pid, _ in sent] == [11]


def test_what_is_quick_costs_no_statement() -> None:
    ids = iter(range(1, 100))  # without a database, a statement would be an error
    looks(lambda: [at(1, next(ids), 11)], times=10)


@pytest.mark.django_db(transaction=True)
def test_what_is_late_is_noted_on_its_claim_even_if_the_database_was_away(
    sent: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KIND, "time_limit", 5)
    (identity,) = store()
    whole: Any = {"first": identity, "last": identity, "ids": "", "start_time": ago(6)}
    Claim.objects.create(worker=f"{NODE}/11", seq=4, kind=KIND.name, **whole)
    Claim.objects.create(worker=f"{NODE}/12", seq=5, kind=KIND.name, **whole)
    late = at(4, identity, 11, until=time.monotonic() - 1)
    monkeypatch.setattr("durable.overseer.connection", mock.Mock())
    with database_away():
        seer, _ = looks(lambda: [late, at(4, identity, 12, until=late.until)])
        assert [pid for pid, _ in sent] == [11, 12]  # the limit needs no database
    seer.look()
    assert dict(Claim.objects.values_list("worker", "late_task")) == {f"{NODE}/11": identity, f"{NODE}/12": None}
    assert states([identity]) == ["pending"]
