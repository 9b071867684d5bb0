"""Slow tasks wait in few messages: what was cancelled costs nothing, and nothing is lost behind what is sent back."""

import re
from collections.abc import Iterator

import pytest
from checker import next_id
from test_recovery import insert, redis

from support.http import Answer, ask, finished
from support.needs import need
from support.stack import Stack, docker_missing
from support.waiting import wait_for

ROWS = 100_000
# 200, and those that a sweep publishes once more if storing takes so long that the rows look forgotten
MESSAGES = 300


@pytest.fixture(scope="module")
def slow() -> Iterator[Stack]:
    """A stack whose tasks take five seconds each."""
    need(docker_missing())
    with Stack("abacus-slow", TASK_SECONDS="5") as running:
        yield running


def post(stack: Stack, path: str) -> Answer:
    """POST that says all in its address."""
    return ask("POST", f"{stack.url}{path}", {})


def upload(stack: Stack, rows: int) -> int:
    """Store a batch; its id."""
    lines = b"x,task_type,y\n" + b"1,add,2\n" * rows
    answer = ask("POST", f"{stack.url}/api/batches", lines, {"Content-Type": "text/csv"}, timeout=90)
    assert answer.status == 201, answer
    return int(answer.json()["id"])


def counts(stack: Stack, batch: int) -> dict[str, int]:
    """How far it is."""
    found: dict[str, int] = ask("GET", f"{stack.url}/api/batches/{batch}").json()["counts"]
    return found


def taken(stack: Stack) -> int:
    """How many messages workers have taken."""
    return len(re.findall(r"\b(?:ran|dropped) kind=", stack.compose("logs", "--no-color", "celery")))


def test_a_cancelled_batch_holds_up_nothing_that_comes_after_it(slow: Stack) -> None:
    # Given a large batch of slow tasks, of which some are done
    batch = upload(slow, ROWS)
    wait_for(lambda: counts(slow, batch)["success"] > 3, 120, "some of it is done")
    assert int(redis(slow, "LLEN", "batches")) <= MESSAGES
    # When it is cancelled
    open_rows = f"SELECT 1 FROM math_task WHERE batch_id = {batch} AND status = 'created' LIMIT 1"
    while slow.sql(open_rows):
        post(slow, f"/api/batches/{batch}/cancel")
    # Then nothing waits, whatever the broker still has
    wait_for(lambda: ask("GET", f"{slow.url}/api/stats").json()["queue_depth"] == 0, 10, "nothing is shown to wait")
    # And what comes after it runs behind few messages, each of them taken once
    before = taken(slow)
    after = upload(slow, 2)
    wait_for(lambda: counts(slow, after)["success"] == 2, 60, "the next batch has ended")
    assert taken(slow) - before <= MESSAGES + 4
    assert int(redis(slow, "LLEN", "batches")) == 0
    # And what was cancelled can be tried again
    [[identity]] = slow.sql(f"SELECT MAX(id) FROM math_task WHERE batch_id = {batch} AND status = 'cancelled'")
    assert post(slow, f"/api/tasks/{identity}/retry").status == 200
    found = wait_for(lambda: finished(slow.url, int(identity)), 60, "it ends")
    assert found["status"] == "success"


def test_what_is_killed_with_a_part_of_a_message_loses_nothing_of_the_rest(slow: Stack) -> None:
    batch = upload(slow, 12)
    wait_for(lambda: counts(slow, batch)["pending"] > 1, 30, "it is worked on")
    slow.compose("kill", "-s", "KILL", "celery")
    slow.compose("up", "-d", "celery")
    wait_for(lambda: counts(slow, batch)["success"] == 12, 180, "all of it ends")


def test_what_has_no_message_is_found_while_slow_batches_go_on(slow: Stack) -> None:
    batch = upload(slow, 600)  # two messages: of each a worker takes a part and sends the rest back, minutes long
    wait_for(lambda: counts(slow, batch)["pending"] > 1, 30, "it is worked on")
    first = next_id(slow)
    insert(slow, 1, queue="batches")
    try:
        found = wait_for(lambda: finished(slow.url, first), 120, "what has no message ends")
        assert found["status"] == "success"
        assert counts(slow, batch)["created"] > 0  # the queue was never empty
        assert slow.sql(f"SELECT MAX(attempts) FROM math_task WHERE batch_id = {batch}") == [["1"]]
    finally:
        post(slow, f"/api/batches/{batch}/cancel")
