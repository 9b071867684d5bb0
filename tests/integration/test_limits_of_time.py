"""A real worker: what takes too long is interrupted, then killed; what is cancelled lets its process go."""

import itertools
import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from arithmetic.models import MathTask
from durable.testing import survives_kills
from support.embedded import ROOT, Embedded, copy_of_the_project
from support.http import ask, create, finished, task
from support.waiting import wait_for

LIMIT = 5
# `y` says how it behaves, `x` for how many seconds.
WORK = f"""
import os
import signal
import time
from celery.exceptions import SoftTimeLimitExceeded

MathTask.kind.time_limit, MathTask.kind.max_attempts = {LIMIT}, int(os.environ["ATTEMPTS"])

def nap(task):
    if task.y == "3":  # as code in C that does not return
        signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM}})
    end = time.monotonic() + float(task.x)
    while time.monotonic() < end:
        time.sleep(0.02)
        if task.y == "1":
            task.progress(1 - (end - time.monotonic()) / float(task.x) if time.monotonic() < end else 1, "asleep")

def perform(task):
    if task.task_type != "multiply":
        return apply(task.task_type, task.x, task.y)
    try:
        nap(task)
    except SoftTimeLimitExceeded:
        if task.y == "2":
            return "-1"  # it has cleaned up
        raise
    return task.x

MathTask.perform = staticmethod(perform)
"""


class Napping(Embedded):
    """The project with another kind of work, and one pool process."""

    def __init__(self, folder: Path, attempts: str = "1") -> None:
        data = folder / "data"
        data.mkdir()
        super().__init__(data, CELERY_CONCURRENCY="1", ATTEMPTS=attempts)
        self.folder = copy_of_the_project(folder / "project")
        (self.folder / ".venv").symlink_to(ROOT / ".venv")
        with (self.folder / "web/arithmetic/models.py").open("a") as file:
            file.write(WORK)


@pytest.fixture(scope="module")
def napping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Napping]:
    """One for all tests: the first that fails leaves the others a worker as it should be."""
    with Napping(tmp_path_factory.mktemp("napping")) as running:
        yield running


def running(stack: Napping, identity: int) -> bool:
    """Whether it runs."""
    return bool(task(stack.url, identity)["status"] == "pending")


def cancel(stack: Napping, identity: int) -> None:
    """By the API."""
    assert ask("POST", f"{stack.url}/api/tasks/{identity}/cancel", {}).status == 200


def test_what_takes_too_long_is_interrupted_and_may_clean_up(napping: Napping) -> None:
    cleans, raises = create(napping.url, "60", "multiply", "2"), create(napping.url, "60", "multiply", "0")
    ended = wait_for(partial(finished, napping.url, cleans), 10, "it gives up")
    assert (ended["status"], ended["result"], ended["attempts"]) == ("success", "-1", 1)
    ended = wait_for(partial(finished, napping.url, raises), 20, "it has been tried as often as it may")
    assert (ended["status"], ended["attempts"]) == ("failed", 1)
    assert ended["error"] == f"It took longer than {LIMIT} s and was stopped."


def test_what_cannot_be_interrupted_is_killed_and_the_row_says_why(napping: Napping) -> None:
    (process,) = napping.pids("worker")[1:]
    identity = create(napping.url, "60", "multiply", "3")
    ended = wait_for(partial(finished, napping.url, identity), 60, "it has been tried as often as it may")
    assert (ended["status"], ended["attempts"]) == ("failed", 1)
    assert ended["error"] == f"It took longer than {LIMIT} s and its process was killed."
    assert napping.pids("worker")[1:] != [process]


@pytest.mark.parametrize("asks", ["0", "1"], ids=["that_never_asks", "that_tells_its_progress"])
def test_the_process_of_a_cancelled_task_is_free_again_within_two_seconds(napping: Napping, asks: str) -> None:
    for turn in range(5):
        (process,) = napping.pids("worker")[1:]
        identity = create(napping.url, "60", "multiply", asks)
        wait_for(partial(running, napping, identity), 10, "it runs", every=0.01)
        time.sleep(turn * 0.3)  # at any moment of the second
        cancel(napping, identity)
        began = time.monotonic()
        following = create(napping.url, "2", "add", str(turn))
        ended = wait_for(partial(finished, napping.url, following), 10, "the next one ends", every=0.01)
        assert time.monotonic() - began < 2 + 1  # the next one has to be sent and to run
        assert (ended["status"], ended["attempts"]) == ("success", 1)
        assert napping.pids("worker")[1:] == [process]
        assert task(napping.url, identity)["status"] == "cancelled"


def test_progress_is_seen_while_it_runs_and_not_afterwards(napping: Napping) -> None:
    identity = create(napping.url, "1.9", "multiply", "1")
    told = wait_for(lambda: task(napping.url, identity)["progress_words"], 10, "it tells", every=0.02)
    assert told == "asleep"
    listed = ask("GET", f"{napping.url}/tasks/now", headers={"Cache-Control": "no-cache"}).body.decode()
    assert "asleep</span>" in listed
    ended = wait_for(partial(finished, napping.url, identity), 10, "it ends")
    assert (ended["status"], ended["progress"], ended["progress_words"]) == ("success", None, "")


def test_kills_while_progress_is_written_lose_and_double_nothing(tmp_path: Path) -> None:
    with Napping(tmp_path, attempts="5") as napping:
        survives(napping)


def survives(napping: Napping) -> None:
    """Kills, and nothing that was told before them."""
    turns = itertools.count()

    def kill() -> None:
        """The pool process, in the middle of a nap, and every third time the worker itself."""
        victims = wait_for(lambda: napping.pids("worker")[1:], 20, "the worker has its pool")
        os.kill(napping.pids("worker")[0] if next(turns) % 3 == 2 else victims[-1], signal.SIGKILL)

    examples = [({"x": "0.1", "task_type": "multiply", "y": "1"}, {"result": "0.1"})]
    assert survives_kills(MathTask, examples, url=napping.url, kill=kill, kills=3, count=20, seconds=180) > 0
