"""Due times and other tries, while those die that see to them: lost 0, doubled 0."""

from collections.abc import Iterator

import pytest
from checker import ENDED, next_id, rows
from images import appended, derived, workers
from verbs import VERBS

from support.http import ask
from support.stack import Stack
from support.waiting import wait_for

COUNT = 2_000
SPREAD = 8  # seconds in which they fall due
# Two tries ask for another: by the row's own attempts, so that no run of a later round can be taken for an earlier one.
ASKS = """
from durable import Again

def asking(row, perform=MathTask.perform):
    if row.attempts < 2:
        raise Again("Not yet, said attempt {n}.", after=1 + row.id % 20 / 10, n=row.attempts + 1)
    return perform(row)

MathTask.perform = staticmethod(asking)
"""


def put_off(stack: Stack, count: int, first: float, spread: float) -> int:
    """Rows that fall due one after another from so many seconds on; the first one's id."""
    identity = next_id(stack)
    stack.sql(
        "SET SESSION cte_max_recursion_depth = 1000000; "
        "INSERT INTO math_task "
        "(task_type, x, y, result, status, error, attempts, worker, queue, create_time, due_time) "
        f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
        "SELECT 'add', i, '1', '', 'scheduled', '', 0, '', IF(i % 2, 'tasks', 'batches'), due, due FROM "
        f"(SELECT i, NOW(6) + INTERVAL {int(first * 1e6)} + i * {int(spread * 1e6 / count)} MICROSECOND AS due "
        "FROM n) later"
    )
    return identity


def ended(stack: Stack, first: int) -> int:
    """How many have."""
    states = "', '".join(ENDED)
    return int(stack.sql(f"SELECT COUNT(*) FROM math_task WHERE id >= {first} AND status IN ('{states}')")[0][0])


def all_end_once(stack: Stack, first: int, before: dict[int, tuple[str, str, int, str]], count: int) -> None:
    """Each has its result, and what had one when the fault was over has the same."""
    wait_for(lambda: ended(stack, first) == count, 180, "all have ended", every=0.5)
    after = rows(stack, first)
    assert {row[0] for row in after.values()} == {"success"}
    done = {identity: row for identity, row in before.items() if row[0] in ENDED}
    assert {identity: after[identity] for identity in done} == done


@pytest.fixture
def asking(faulty: Stack) -> Iterator[Stack]:
    """The stack with workers whose tasks ask for another try twice."""
    with workers(faulty, 2, APP_IMAGE=derived("asking", appended("arithmetic/models.py", ASKS))):
        yield faulty


def test_what_falls_due_begins_within_two_seconds(faulty: Stack) -> None:
    first = put_off(faulty, 200, 2, 5)
    all_end_once(faulty, first, {}, 200)
    late = "SELECT MAX(TIMESTAMPDIFF(MICROSECOND, create_time, start_time)) / 1e6, "
    late += "MIN(TIMESTAMPDIFF(MICROSECOND, create_time, start_time)) / 1e6 FROM math_task"
    most, least = map(float, faulty.sql(f"{late} WHERE id >= {first}")[0])
    print(f"\ndue tasks began {least:.2f} to {most:.2f} s after their time")
    assert least >= 0
    assert most < 2


@pytest.mark.parametrize(
    ("service", "verb"),
    [
        ("celery", "kill"),
        ("web", "kill"),
        ("redis", "kill"),
        ("mysql", "kill"),
        ("celery", "pause"),
        ("redis", "pause"),
    ],
)
def test_a_fault_while_tasks_fall_due_loses_and_doubles_none(
    faulty: Stack, service: str, verb: str, fault_seconds: float
) -> None:
    first = put_off(faulty, COUNT, 1, SPREAD)
    wait_for(lambda: ended(faulty, first) > COUNT / 10, 30, "the first have ended", every=0.02)
    with VERBS[verb](faulty.containers(service)[0], fault_seconds):
        pass
    wait_for(faulty.healthy, 60, "the stack is well again")
    all_end_once(faulty, first, rows(faulty, first), COUNT)


@pytest.mark.parametrize(("service", "verb"), [("celery", "kill"), ("mysql", "kill"), ("redis", "kill")])
def test_a_fault_while_other_tries_are_asked_for_loses_and_doubles_none(
    asking: Stack, service: str, verb: str, fault_seconds: float
) -> None:
    first = put_off(asking, COUNT, 0, 2)
    wait_for(lambda: ended(asking, first) > COUNT / 20, 60, "the first have ended", every=0.02)
    with VERBS[verb](asking.containers(service)[0], fault_seconds):
        pass
    wait_for(asking.healthy, 60, "the stack is well again")
    all_end_once(asking, first, rows(asking, first), COUNT)
    # Each failed attempt of each is told once: an event is of its outcome's or its release's transaction.
    told = asking.sql(
        "SELECT COUNT(*), COUNT(DISTINCT subject, count) FROM durable_event WHERE what = 'attempt failed' "
        f"AND kind = 'mathtask' AND CAST(subject AS UNSIGNED) >= {first}"
    )
    attempts = asking.sql(f"SELECT SUM(attempts - 1) FROM math_task WHERE id >= {first}")
    assert told[0][0] == told[0][1] == attempts[0][0]
    assert int(attempts[0][0]) >= 2 * COUNT


def test_a_task_is_created_once_that_begins_later_while_web_dies(faulty: Stack) -> None:
    first = next_id(faulty)
    key = {"Idempotency-Key": f"later-{first}"}
    body = {"x": "1", "task_type": "add", "y": "1", "run_after": 8}
    made = [ask("POST", f"{faulty.url}/api/tasks", body, key)]
    with VERBS["kill"](faulty.containers("web")[0], 0):
        made.append(ask("POST", f"{faulty.url}/api/tasks", body, key))
    assert len({answer.json()["id"] for answer in made}) == 1
    assert faulty.sql(f"SELECT status FROM math_task WHERE id >= {first}") == [["scheduled"]]
    all_end_once(faulty, first, {}, 1)
