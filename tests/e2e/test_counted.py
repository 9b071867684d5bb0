"""The counters equal the rows: in bursts, at a steady rate, with failures, retries, cancels and killed workers."""

import time
from collections.abc import Iterator

import pytest

from support.http import ask
from support.stack import Stack
from support.waiting import wait_for

OUTCOMES = ("success", "failed", "cancelled", "again")
TIMES = ("waited", "ran", *(f"{name}_{place}" for name in ("wait", "run") for place in range(25)))
Numbers = dict[str, int]


def counted(stack: Stack) -> Numbers:
    """All that was ever counted (the steps of the last day)."""
    names = (*OUTCOMES, *TIMES)
    [row] = stack.sql(f"SELECT {', '.join(f'COALESCE(SUM({name}), 0)' for name in names)} FROM durable_counter")
    return dict(zip(names, map(int, row), strict=True))


@pytest.fixture
def since(stack: Stack) -> Iterator[Numbers]:
    """What was counted before, of other tests, none of which has counted in the step of now."""
    wait_for(lambda: not stack.sql("SELECT 1 FROM math_task WHERE status = 'created' LIMIT 1"), 60, "nothing is left")
    [[now]] = stack.sql("SELECT UNIX_TIMESTAMP() DIV 10")
    wait_for(lambda: stack.sql("SELECT UNIX_TIMESTAMP() DIV 10") > [[now]], 12, "another step has begun")
    yield counted(stack)


def more(stack: Stack, since: Numbers) -> Numbers:
    """What was counted since then."""
    return {name: number - since[name] for name, number in counted(stack).items()}


def upload(stack: Stack, rows: int, line: bytes = b"1,add,2\n") -> int:
    """Store a batch; its id."""
    lines = b"x,task_type,y\n" + line * rows
    answer = ask("POST", f"{stack.url}/api/batches", lines, {"Content-Type": "text/csv"}, timeout=90)
    assert answer.status == 201, answer
    return int(answer.json()["id"])


def until_ended(stack: Stack, *batches: int) -> None:
    """Until none of their tasks waits, runs, or is put off since its worker died."""
    among = ", ".join(map(str, batches))
    unended = "status IN ('created', 'scheduled')"
    open_rows = f"SELECT 1 FROM math_task WHERE batch_id IN ({among}) AND {unended} LIMIT 1"
    wait_for(lambda: not stack.sql(open_rows), 120, "the batches have ended", every=0.3)


def steps(stack: Stack, *batches: int) -> dict[int, int]:
    """By the rows: how many ended in each step."""
    among = ", ".join(map(str, batches))
    start = "UNIX_TIMESTAMP(update_time) DIV 10 * 10"
    rows = stack.sql(f"SELECT {start}, COUNT(*) FROM math_task WHERE batch_id IN ({among}) GROUP BY 1")
    return {int(moment): int(number) for moment, number in rows}


def told(stack: Stack, *batches: int) -> None:
    """The API's history says what the rows say; a message at the border of two steps may be told of the other one."""
    expected = steps(stack, *batches)
    whole = lambda: time.time() > max(expected) + 12  # noqa: E731
    wait_for(whole, 30, "the last step is over")
    history = ask("GET", f"{stack.url}/api/stats", headers={"Cache-Control": "no-cache"}).json()["history"]
    ended = sum(step["ended"] for step in history)
    assert ended >= sum(expected.values())
    rows = stack.sql(
        f"SELECT start, SUM(success + failed) FROM durable_counter WHERE start >= {min(expected)} GROUP BY 1"
    )
    found = {int(start): int(number) for start, number in rows}
    for start, number in expected.items():
        assert abs(found.get(start, 0) - number) <= 1_000, (expected, found)


def test_a_burst_is_counted_to_the_last_task(stack: Stack, since: Numbers) -> None:
    batch = upload(stack, 20_000)
    until_ended(stack, batch)
    found = more(stack, since)
    assert {name: found[name] for name in OUTCOMES} == {"success": 20_000, "failed": 0, "cancelled": 0, "again": 0}
    for name in ("wait", "run"):
        assert sum(found[f"{name}_{place}"] for place in range(25)) == 20_000
    [[ran, began]] = stack.sql(
        "SELECT SUM(TIMESTAMPDIFF(MICROSECOND, start_time, update_time)),"
        f" SUM(TIMESTAMPDIFF(MICROSECOND, create_time, start_time)) FROM math_task WHERE batch_id = {batch}"
    )
    assert found["ran"] == int(ran)
    assert 0 < found["waited"] <= int(began)  # claimed as a message, begun one by one
    told(stack, batch)


def test_a_steady_rate_with_failures_and_retries_is_counted_to_the_last_task(stack: Stack, since: Numbers) -> None:
    batches = []
    for number in range(12):  # 500 a second, nearly
        batches.append(upload(stack, 250, b"1,divide,0\n" if number == 5 else b"1,add,2\n"))
        time.sleep(0.5)  # the rate itself
    until_ended(stack, *batches)
    retried = ask("POST", f"{stack.url}/api/tasks/retry", {"batch": batches[5], "expected": 250})
    assert retried.json() == {"changed": 250, "more": False}, retried
    until_ended(stack, *batches)
    found = more(stack, since)
    assert {name: found[name] for name in OUTCOMES} == {"success": 2_750, "failed": 500, "cancelled": 0, "again": 0}
    assert sum(found[f"wait_{place}"] for place in range(25)) == 3_250
    assert found["waited"] < 3_250 * 20e6  # a retry waits anew
    told(stack, *batches)


def test_cancels_in_the_middle_of_the_work_are_counted_once(stack: Stack, since: Numbers) -> None:
    batch = upload(stack, 30_000)
    open_rows = f"SELECT 1 FROM math_task WHERE batch_id = {batch} AND status = 'created' LIMIT 1"
    while stack.sql(open_rows):
        ask("POST", f"{stack.url}/api/batches/{batch}/cancel", {})
    states = stack.sql(f"SELECT status, COUNT(*) FROM math_task WHERE batch_id = {batch} GROUP BY 1")
    expected = {name: int(number) for name, number in states}
    wait_for(lambda: not stack.sql("SELECT 1 FROM durable_claim WHERE ids IS NOT NULL"), 30, "nobody works")
    found = more(stack, since)
    assert {name: found[name] for name in OUTCOMES if found[name]} == expected


def test_what_killed_workers_did_is_counted_once(stack: Stack, since: Numbers) -> None:
    batch = upload(stack, 60_000)
    held = "SELECT worker FROM durable_claim WHERE ids IS NOT NULL"
    for _ in range(3):
        worker = wait_for(lambda: next((row[0] for row in stack.sql(held)), ""), 20, "a worker works", every=0.02)
        stack.compose("exec", "-T", "celery", "sh", "-c", f"kill -KILL {worker.rpartition('/')[2]}", check=False)
    until_ended(stack, batch)
    [[attempts, right]] = stack.sql(
        f"SELECT SUM(attempts), SUM(status = 'success') FROM math_task WHERE batch_id = {batch}"
    )
    found = more(stack, since)
    assert (found["success"], found["failed"]) == (int(right), 0)
    assert found["success"] == 60_000
    assert found["again"] == int(attempts) - 60_000  # the tries of the dead
