"""MySQL is away for longer than a message may take: the workers' patience ends before its outage does."""

import pytest
from checker import next_id, settle
from images import workers
from test_recovery import created
from verbs import VERBS, docker, last

from support.http import ask
from support.stack import Stack
from support.waiting import wait_for

WORK = 8  # seconds that each task takes: a message of three stays just under the time limit
OUTAGE = 40.0  # seconds: more than the time limit, whenever the message has begun
BOUND = 60.0  # seconds; the work that is done again takes 16 of them


def upload(stack: Stack, count: int) -> None:
    """A batch of so many tasks: one message."""
    lines = "".join(f"{number},add,1\n" for number in range(count))
    answer = ask("POST", f"{stack.url}/api/batches", "x,task_type,y\n" + lines, {"Content-Type": "text/csv"})
    assert answer.status == 201, answer


@pytest.mark.parametrize("verb", ["stop", "pause", "cut"])
def test_what_was_at_work_when_mysql_went_ends_well_within_a_minute_of_its_return(faulty: Stack, verb: str) -> None:
    first, (mysql,) = next_id(faulty), faulty.containers("mysql")
    rows = f"FROM math_task WHERE id >= {first}"
    with workers(faulty, 2, TASK_SECONDS=str(WORK), TASKS_PER_MESSAGE="3") as containers:
        created(faulty, 3)
        upload(faulty, 3)
        # three messages of one task and one of three, so that each process has one
        held = f"SELECT COUNT(*) FROM durable_claim WHERE ids IS NOT NULL AND first >= {first}"
        wait_for(lambda: faulty.sql(held) == [["4"]], WORK, "all are at work", every=0.02)
        with VERBS[verb](mysql, 0):
            last(OUTAGE)
        wait_for(faulty.healthy, 60, "the stack is well again")
        took = settle(faulty, first, BOUND)
        ended = faulty.sql(f"SELECT status, COUNT(*), MAX(attempts) {rows} GROUP BY 1")
        restarts = [docker("inspect", "-f", "{{.RestartCount}}", container) for container in containers]
    print(f"\nmysql {verb:6} for {OUTAGE:g} s: all ended {took:.1f} s after its return, attempts {ended[0][2]}")
    assert [row[:2] for row in ended] == [["success", "6"]]
    assert restarts == ["0", "0"]  # its outage alone restarts no worker
