"""What the clockwork does when: with the lease, without it, without the database; and how its worker keeps it."""

import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models.functions import Now
from pytest_django import DjangoAssertNumQueries, Settings
from rows import database_away

from durable import leases
from durable.celery import clock as keeping
from durable.celery.app import app
from durable.celery.clock import Clock
from durable.clockwork import ENTRIES, NAME, Clockwork, Entry
from durable.models import Lease
from durable.purge import SECONDS
from support.waiting import wait_for

database = pytest.mark.django_db(transaction=True)


class Bench:
    """A clockwork with a clock that is set by hand, and what it has done."""

    def __init__(self, holder: str = "me") -> None:
        self.now, self.done = 1000.0, ""
        entries = {letter: Entry(seconds, partial(self.do, letter)) for letter, seconds in (("a", 2), ("b", 60))}
        self.work = Clockwork(os.getppid(), entries, lambda: self.now)
        self.work.holder = holder
        self.fails: Exception | None = None

    def do(self, letter: str) -> None:
        """An entry."""
        self.done += letter
        if self.fails:
            raise self.fails

    def turn(self, seconds: float = 0) -> str:
        """Turn so much later; what was done."""
        self.now, self.done = self.now + seconds, ""
        self.work.turn()
        return self.done


@pytest.fixture
def bench() -> Bench:
    """One clockwork."""
    return Bench()


def taken_by_another() -> None:
    """Somebody else has the lease now."""
    Lease.objects.update(holder="other", until=Now() + timedelta(seconds=5))


@database
def test_all_is_due_at_the_start_and_each_after_its_time(bench: Bench) -> None:
    assert bench.turn() == "ab"
    assert bench.turn(1) == ""
    assert bench.turn(1) == "a"
    assert "".join(bench.turn(1) for _ in range(58)) == "a" * 28 + "ab"


@database
def test_of_two_one_works_and_the_other_one_once_the_lease_is_free(bench: Bench) -> None:
    other = Bench("other")
    assert (bench.turn(), other.turn()) == ("ab", "")
    Lease.objects.update(until=Now() - timedelta(seconds=1))  # it was killed
    assert other.turn(1) == "ab"
    assert bench.turn(2) == ""  # and wakes up: it was frozen


@database
def test_who_loses_the_lease_in_the_middle_of_a_turn_leaves_the_rest(bench: Bench) -> None:
    bench.turn()
    bench.now += 60

    def slow() -> None:
        bench.now += 9
        taken_by_another()

    bench.work.entries = {"a": Entry(2, slow), "b": bench.work.entries["b"]}
    assert bench.turn() == ""


@database
def test_who_stops_gives_it_back_at_once(bench: Bench) -> None:
    bench.turn()
    bench.work.stop_soon()
    bench.work.run()
    assert Bench("other").turn() == "ab"


@database
def test_who_has_lost_its_parent_gives_it_back_and_ends(bench: Bench) -> None:
    bench.turn()
    bench.work.parent = 1 if os.getppid() != 1 else 2
    bench.work.run()
    assert Lease.objects.get().holder == ""


@database
def test_a_second_costs_one_statement_with_the_lease_and_without(
    bench: Bench, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    other = Bench("other")
    for one in (bench, other):
        one.turn()
    for one in (bench, other):
        one.now += 1
        with django_assert_num_queries(1):
            for _ in range(3):
                one.turn(0.25)


@database
def test_a_bug_in_one_is_told_and_keeps_no_other_from_its_turn(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.fails = ZeroDivisionError("division by zero")
    assert bench.turn() == "ab"
    assert "clockwork: a failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert bench.turn(2) == "a"


@database
def test_a_database_that_is_away_is_waited_for_with_a_line_now_and_then(
    bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def later(_: float) -> None:
        bench.now += 1
        bench.work.stopping = bench.now > 1045

    monkeypatch.setattr("durable.clockwork.time.sleep", later)
    with database_away():
        bench.work.run()
    assert bench.done == ""
    assert caplog.text.count("clockwork: database away, waiting: ") == 2
    assert "could not give the lease back" in caplog.text
    assert bench.turn(1) == "ab"


@database
def test_its_sign_says_that_the_database_answers(bench: Bench, settings: Settings, tmp_path: Path) -> None:
    bench.work.sign = tmp_path / NAME
    with database_away(), pytest.raises(Exception, match="gone away"):
        bench.turn()
    assert not bench.work.sign.exists()
    bench.turn(1)
    assert bench.work.sign.exists()


def test_it_sweeps_often_and_nothing_keeps_it_from_that_for_long() -> None:
    assert ENTRIES["sweep"].seconds == 2
    assert SECONDS < ENTRIES["sweep"].seconds < leases.LASTS.total_seconds()


def test_no_task_of_celerys_sweeps_or_purges_and_no_beat_is_needed() -> None:
    app.loader.import_default_modules()
    assert {name for name in app.tasks if name.startswith("durable.")} == {"durable.run", "durable.probe"}
    assert app.conf.beat_schedule == {}


def test_by_hand_it_ends_at_once_where_its_parent_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    ran: list[Clockwork] = []
    monkeypatch.setattr(Clockwork, "run", lambda self: ran.append(self))
    try:
        call_command("clockwork", "--parent", "7")
    finally:
        for number, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
            signal.signal(number, handler)
    assert ran[0].parent == 7


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings) -> Iterator[Clock]:
    """A worker's keeper, which starts a process that sleeps in the place of the clockwork."""
    settings.RUN_DIR = tmp_path
    tmp_path.chmod(0o700)
    monkeypatch.setattr(keeping, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(keeping, "RESPAWN_SECONDS", 0.0)
    popen: Any = subprocess.Popen
    monkeypatch.setattr("durable.celery.clock.subprocess.Popen", lambda _, **rest: popen(["sleep", "60"], **rest))
    kept = Clock(None)  # type: ignore[arg-type]
    yield kept
    kept.stopped.set()
    kept.end()


def test_a_child_that_dies_alone_is_started_again(keeper: Clock, caplog: pytest.LogCaptureFixture) -> None:
    keeper.look()
    first = keeper.child
    assert first is not None
    keeper.look()
    assert keeper.child is first
    first.kill()
    first.wait()
    keeper.look()
    assert keeper.child is not first
    assert "clockwork: ended with -9 and is started again" in caplog.text


def test_a_child_that_dies_at_once_is_no_crash_loop(keeper: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "RESPAWN_SECONDS", 5.0)
    keeper.look()
    first = keeper.child
    assert first is not None
    first.kill()
    first.wait()
    keeper.look()
    assert keeper.child is first
    keeper.started -= 5
    keeper.look()
    assert keeper.child is not first


def test_a_child_that_cannot_be_started_is_tried_again(
    keeper: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("durable.celery.clock.subprocess.Popen", lambda *_, **__: os.open("/nowhere", os.O_RDONLY))
        keeper.look()
    assert "clockwork: cannot be started: [Errno 2]" in caplog.text
    keeper.look()
    assert keeper.child is not None


def test_a_child_that_gives_no_sign_for_a_minute_is_told_once_a_minute(
    keeper: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    keeper.look()
    keeper.started -= 59
    keeper.look()
    assert "has not turned" not in caplog.text
    keeper.started -= 2
    for _ in range(3):
        keeper.look()
    assert caplog.text.count("has not turned for 61 s") == 1
    keeper.sign.touch()
    keeper.told -= 60
    keeper.look()
    assert caplog.text.count("has not turned") == 1


def test_a_worker_that_stops_ends_its_child_first(keeper: Clock) -> None:
    keeper.start(None)  # type: ignore[arg-type]
    child = wait_for(lambda: keeper.child, 10, "it is started")
    keeper.stop(None)  # type: ignore[arg-type]
    assert child.wait(10) == -signal.SIGTERM
    keeper.leave()
    assert not keeper.thread.is_alive()


def test_a_child_that_does_not_end_is_killed(keeper: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "END_SECONDS", 0.1)
    keeper.look()
    assert keeper.child is not None
    keeper.child.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, keeper.child.pid, os.WSTOPPED)
    keeper.end()
    assert keeper.child.returncode == -signal.SIGKILL
