"""What is counted beside the tasks: exact over processes, flushes and outages, at one statement now and then."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, connections
from django.test.utils import CaptureQueriesContext
from pytest import LogCaptureFixture
from rows import ago, database_away

from durable import tallies
from durable.clockwork import ENTRIES
from durable.publisher import Publisher
from durable.tallies import Tallies, Tally, Teller

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two() -> Iterator[tuple[Tallies, Tallies]]:
    """Those of two processes."""
    yield Tallies(), Tallies()


def test_processes_count_into_one_number(two: tuple[Tallies, Tallies]) -> None:
    for number, each in enumerate(two):
        each.add("sweeps")
        each.add("brought back", "lost worker", 5)
        each.flush(f"p/{number}")
        each.flush(f"p/{number}")
    assert tallies.ever() == {("sweeps", ""): 2, ("brought back", "lost worker"): 10}
    assert Tally.objects.count() == 2


def test_a_flush_is_one_statement_and_none_where_nothing_is_new(two: tuple[Tallies, Tallies]) -> None:
    one = two[0]
    one.tell("level", lambda: 3)
    for name in ("a", "b", "c"):
        one.add(name)
    with CaptureQueriesContext(connection) as asked:
        one.flush("p")
    assert len(asked) == 1
    one.levels.clear()
    with CaptureQueriesContext(connection) as asked:
        one.flush("p")
    assert len(asked) == 0


def test_threads_lose_nothing(two: tuple[Tallies, Tallies]) -> None:
    one = two[0]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: one.add("x"), range(4_000)))
        list(pool.map(lambda _: one.add("x", number=2), range(100)))
    one.flush("p")
    assert tallies.ever() == {("x", ""): 4_200}


def test_what_could_not_be_written_is_written_later(two: tuple[Tallies, Tallies]) -> None:
    one = two[0]
    one.add("x", number=2)
    with database_away(), pytest.raises(OperationalError):
        one.flush("p")
    one.add("x")
    one.flush("p")
    assert tallies.ever() == {("x", ""): 3}


def test_a_level_is_the_last_one_of_each_process_that_lives(two: tuple[Tallies, Tallies]) -> None:
    levels = [4, 7]
    for place, each in enumerate(two):
        each.tell("level", lambda place=place: levels[place])  # type: ignore[misc]
        each.flush(f"p/{place}")
    assert tallies.ever() == {("level", ""): 11}
    levels[0] = 0
    two[0].flush("p/0")  # told once more: it is nothing now
    assert tallies.ever() == {("level", ""): 7}
    Tally.objects.filter(process="p/1").update(time=ago(60))
    assert tallies.ever() == {("level", ""): 0}


def test_a_purge_takes_what_dead_processes_told_and_no_number(two: tuple[Tallies, Tallies]) -> None:
    two[0].add("x", number=9)
    two[0].tell("level", lambda: 1)
    two[0].flush("p")
    Tally.objects.update(time=ago(2 * 3_600))
    tallies.purge()
    assert [(row.name, row.number) for row in Tally.objects.all()] == [("x", 9)]


def test_a_child_does_not_write_what_its_parent_counted(two: tuple[Tallies, Tallies]) -> None:
    one = two[0]
    one.add("x")
    connections.close_all()
    child = os.fork()
    if not child:
        os._exit(int(bool(one.numbers)))
    assert os.waitpid(child, 0)[1] == 0
    assert one.numbers


def test_a_web_process_writes_in_turns_and_at_its_end(
    monkeypatch: pytest.MonkeyPatch, caplog: LogCaptureFixture
) -> None:
    fresh = Tallies()
    monkeypatch.setattr(tallies, "tallies", fresh)
    teller = Teller("web/1")
    fresh.add("x")
    with database_away():
        teller.turn()
        teller.turn()
    assert caplog.text.count("database away") == 1
    teller.end()
    assert tallies.ever() == {("x", ""): 1}
    assert teller.stopped.is_set()


def test_the_publisher_tells_what_became_of_each_id(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = Tallies()
    monkeypatch.setattr("durable.publisher.tallies", fresh)
    broken = [True]

    def send(*_: object, **__: object) -> None:
        if broken.pop():
            raise ConnectionError("refused")
        broken.append(False)

    publisher = Publisher(send, pause=0, capacity=10)
    publisher.put("sum", 1)
    assert publisher.flush()
    broken.append(False)
    publisher.put_many("sum", 0, range(10, 40))
    assert publisher.flush()
    numbers = {sort: number for (_, sort), number in fresh.numbers.items()}
    assert numbers == {"handed over": 31, "dropped": 1, "sent": 30}
    assert publisher.waiting == 0


def test_the_clockwork_writes_what_it_counts() -> None:
    tallies.tallies.add("sweeps")
    ENTRIES["tallies"].do()
    assert tallies.ever()["sweeps", ""] >= 1
