"""The part of the conformance suite that needs a running stack: ./run.sh, whose workers are killed."""

import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from arithmetic.models import MathTask
from durable.testing import survives_kills
from support.embedded import Embedded
from support.waiting import wait_for

EXAMPLES = [
    ({"x": "0.1", "task_type": "add", "y": "0.2"}, {"result": "0.3"}),
    ({"x": "1", "task_type": "divide", "y": "3"}, {"result": "0.3333333333333333333333333333333333"}),
    ({"x": "-0.5", "task_type": "multiply", "y": "4"}, {"result": "-2.0"}),
]


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Embedded]:
    """Its tasks take a tenth of a second, so that each kill meets some at work."""
    with Embedded(tmp_path, TASK_SECONDS="0.1") as running:
        yield running


def test_every_task_ends_once_whoever_is_killed(slow: Embedded) -> None:
    turns = itertools.count()

    def kill() -> None:
        """One of the pool's processes, and every third time the worker itself."""
        workers = wait_for(lambda: slow.pids("worker")[1:], 20, "the worker has its pool")
        victim = slow.pids("worker")[0] if next(turns) % 3 == 2 else workers[-1]
        os.kill(victim, signal.SIGKILL)

    assert survives_kills(MathTask, EXAMPLES, url=slow.url, kill=kill, kills=4, count=60) > 0
