"""Tasks that tell how far they are, while those die who write it down: lost 0, doubled 0, and nothing stale is left."""

from collections.abc import Iterator

import pytest
from checker import next_id, rows
from images import appended, derived, workers
from test_due import all_end_once, ended
from verbs import VERBS

from support.http import ask
from support.stack import Stack
from support.waiting import wait_for

COUNT = 60
# Three seconds each, told ten times a second, of which one is written.
TELLS = """
import time

def telling(row, perform=MathTask.perform):
    for part in range(30):
        row.progress(part / 30, f"part {part} of attempt {row.attempts + 1}")
        time.sleep(0.1)
    return perform(row)

MathTask.perform = staticmethod(telling)
MathTask.kind.time_limit = 60
"""
TOLD = "SELECT COUNT(*) FROM durable_claim WHERE ids IS NOT NULL AND progress_task IS NOT NULL AND progress > 0.1"


@pytest.fixture
def telling(faulty: Stack) -> Iterator[Stack]:
    """The stack with workers whose tasks take a while and tell it."""
    with workers(faulty, 2, APP_IMAGE=derived("telling", appended("arithmetic/models.py", TELLS))):
        yield faulty


@pytest.mark.parametrize(("service", "verb"), [("celery", "kill"), ("mysql", "kill"), ("mysql", "pause")])
def test_a_fault_while_progress_is_written_loses_and_doubles_none(
    telling: Stack, service: str, verb: str, fault_seconds: float
) -> None:
    first = next_id(telling)
    for number in range(COUNT):
        answer = ask("POST", f"{telling.url}/api/tasks", {"x": str(number), "task_type": "add", "y": "1"})
        assert answer.status == 201
    wait_for(lambda: int(telling.sql(TOLD)[0][0]) and ended(telling, first), 30, "progress is told", every=0.02)
    with VERBS[verb](telling.containers(service)[0], fault_seconds):
        pass
    wait_for(telling.healthy, 60, "the stack is well again")
    all_end_once(telling, first, rows(telling, first), COUNT)
    items = ask("GET", f"{telling.url}/api/tasks?limit=500").json()["items"]
    assert {task["progress"] for task in items if task["status"] == "success"} == {None}
