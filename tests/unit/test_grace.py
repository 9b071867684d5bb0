"""What a worker that is asked to stop may finish, and what becomes of the rest."""

import signal
import subprocess
from collections.abc import Iterator

import pytest

from durable.celery.grace import Grace


class Clock:
    """A clock that is set by hand: it stands for the machine's."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Message:
    """A message that a process works on, as Celery knows it."""

    def __init__(self, pid: int) -> None:
        self.worker_pid = pid


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that the interrupt ends."""
    with subprocess.Popen(["sleep", "60"]) as started:
        yield started
        started.kill()


def test_until_the_end_of_its_grace_nothing_is_interrupted(process: "subprocess.Popen[bytes]") -> None:
    clock = Clock()
    grace = Grace(35, clock)
    for _ in range(35):
        grace.look([Message(process.pid)])
        clock.now += 1
    assert not grace.over
    assert process.poll() is None


def test_at_the_end_what_still_works_is_interrupted_by_the_soft_limits_signal(
    process: "subprocess.Popen[bytes]",
) -> None:
    clock = Clock()
    grace = Grace(35, clock)
    grace.look([Message(process.pid)])
    clock.now += 35
    grace.look([Message(process.pid)])
    assert process.wait(10) == -signal.SIGUSR1


def test_it_is_interrupted_once_since_a_second_time_would_hit_the_giving_back(
    process: "subprocess.Popen[bytes]",
) -> None:
    clock = Clock()
    grace = Grace(1, clock)
    grace.look([])
    clock.now += 1
    grace.look([])
    clock.now += 1
    grace.look([Message(process.pid)])
    assert process.poll() is None


def test_a_process_that_has_ended_meanwhile_is_no_error() -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    clock = Clock()
    grace = Grace(1, clock)
    grace.look([])
    clock.now += 1
    grace.look([Message(gone.pid)])
    assert grace.over


def test_a_message_that_ends_while_they_are_counted_puts_it_off_to_the_next_look() -> None:
    def changing() -> Iterator[Message]:
        yield from ()
        raise RuntimeError("Set changed size during iteration")

    clock = Clock()
    grace = Grace(1, clock)
    grace.look([])
    clock.now += 1
    grace.look(changing())
    assert not grace.over
