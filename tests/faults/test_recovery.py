"""How soon what was held up goes on, and what a task that kills its worker does to its neighbours."""

import json
import time
from functools import partial

import pytest
from checker import next_id, settle
from images import derived, workers
from verbs import docker, kill, kill_child, pause

from support.http import ask, create, finished
from support.stack import Stack
from support.waiting import wait_for

WORK = 2.0  # seconds that each task takes in these tests
POISON = "import os; OPERATIONS['poison'] = Operation('!', lambda *_: os.kill(os.getpid(), 9))"
DIES = f'RUN echo "{POISON}" >> /app/web/arithmetic/operations.py && python -m compileall -q /app/web'
AHEAD = "RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends faketime >/dev/null"


def insert(stack: Stack, count: int, task_type: str = "add", queue: str = "tasks") -> None:
    """Rows as an interrupted publisher leaves them: stored, and no message for them."""
    stack.sql(
        "SET SESSION cte_max_recursion_depth = 1000000; "
        "INSERT INTO math_task (task_type, x, y, result, status, error, attempts, worker, queue) "
        f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
        f"SELECT '{task_type}', i, '1', '', 'created', '', 0, '', '{queue}' FROM n"
    )


def redis(stack: Stack, *command: str) -> str:
    """A command in the local Redis, by its admin."""
    client = 'REDISCLI_AUTH="$(cat /run/secrets/redis_admin_password)" exec redis-cli --user admin "$@"'
    return stack.compose("exec", "-T", "redis", "sh", "-c", client, "sh", *command).strip()


def created(stack: Stack, count: int) -> list[int]:
    """Tasks made by the API."""
    return [create(stack.url, str(number), "add", "1") for number in range(count)]


def until_ended(stack: Stack, identities: list[int], seconds: float) -> float:
    """Wait until all have ended well; how long that took."""
    started = time.monotonic()
    for identity in identities:
        ended = wait_for(partial(finished, stack.url, identity), seconds, f"{identity} ends")
        assert ended["status"] == "success"
    return time.monotonic() - started


def test_a_killed_pool_process_costs_five_seconds(faulty: Stack) -> None:
    with workers(faulty, 1, TASK_SECONDS=str(WORK)) as (worker,):
        identities = created(faulty, 4)
        killed = kill_child(faulty, worker)
        took = until_ended(faulty, identities, 60)
        attempts = faulty.sql(f"SELECT MAX(attempts) FROM math_task WHERE id >= {identities[0]}")
    print(f"\npool process {killed} killed: all ended after {took:.1f} s, of which {WORK * 3:g} s are the work")
    assert attempts == [["2"]]
    assert took < 5 + WORK * 3 + 3  # four tasks on two processes, one of them twice; and a noisy machine


def test_a_killed_worker_costs_twenty_seconds(faulty: Stack) -> None:
    with workers(faulty, 2, TASK_SECONDS=str(WORK)) as (victim, _):
        identities = created(faulty, 8)
        node = docker("inspect", "-f", "{{.Config.Hostname}}", victim)
        held = f"SELECT COUNT(*) FROM durable_claim WHERE ids IS NOT NULL AND worker LIKE '{node}%'"
        wait_for(lambda: int(faulty.sql(held)[0][0]), 20, "the victim has claimed tasks", every=0.02)
        with kill(victim, 0):
            pass
        took = until_ended(faulty, identities, 60)
    print(f"\nworker killed: all ended after {took:.1f} s")
    assert took < 20 + WORK * 8


def test_what_waited_for_redis_runs_within_fifteen_seconds_of_its_return(faulty: Stack) -> None:
    restarts = [docker("inspect", "-f", "{{.RestartCount}}", c) for c in faulty.containers("celery")]
    (container,) = faulty.containers("redis")
    with pause(container, 12):
        started = time.monotonic()
        identities = created(faulty, 20)
        asked = time.monotonic() - started
        # a worker whose last look at its queue was just answered hears nothing for 20 s before it gives Redis up
        page = wait_for(lambda: "Redis is away" in ask("GET", f"{faulty.url}/").body.decode(), 40, "the page says so")
        assert page
    took = until_ended(faulty, identities, 30)
    print(f"\nRedis frozen: 20 tasks accepted in {asked:.2f} s, all ended {took:.1f} s after its return")
    assert asked < 10  # none of them waited for Redis
    assert took < 15
    # its outage alone restarts no worker
    assert [docker("inspect", "-f", "{{.RestartCount}}", c) for c in faulty.containers("celery")] == restarts


@pytest.mark.parametrize("how", ["flushed", "wiped"])
def test_redis_may_forget_everything(faulty: Stack, how: str) -> None:
    first = next_id(faulty)
    faulty.compose("stop", "celery")
    identities = created(faulty, 50)
    wait_for(lambda: redis(faulty, "LLEN", "tasks") != "0", 10, "the messages wait in Redis")
    if how == "flushed":
        redis(faulty, "FLUSHALL")
    else:
        faulty.compose("rm", "--stop", "--force", "redis")
        docker("volume", "rm", f"{faulty.project}_redis-data")
    faulty.up("--scale", "web=2", "--scale", "celery=2", "--no-recreate")
    until_ended(faulty, identities, 60)
    assert settle(faulty, first, 10) < 10


def test_a_paused_kind_runs_nothing_and_whoever_resumes_it_may_be_killed(faulty: Stack) -> None:
    first, web = next_id(faulty), faulty.containers("web")[0]
    docker("exec", web, "./run.sh", "manage", "pause", "mathtask")
    try:
        identities = created(faulty, 20)
        wait_for(lambda: redis(faulty, "LLEN", "tasks") == "0", 20, "the workers have dropped the messages")
        states = f"SELECT status, COUNT(*), MAX(attempts) FROM math_task WHERE id >= {first} GROUP BY status"
        assert faulty.sql(states) == [["created", "20", "0"]]
        assert ask("GET", f"{faulty.url}/api/stats").json()["paused"] is True
    finally:
        docker("exec", web, "./run.sh", "manage", "resume", "mathtask")
    with kill(web, 0):
        until_ended(faulty, identities, 60)
    assert faulty.sql(states) == [["success", "20", "1"]]


def test_a_task_that_kills_its_worker_fails_after_five_attempts_and_takes_no_neighbour_along(faulty: Stack) -> None:
    first = next_id(faulty)
    with workers(faulty, 2, APP_IMAGE=derived("poison", DIES)):
        insert(faulty, 250)
        insert(faulty, 1, "poison")
        insert(faulty, 249)
        settle(faulty, first, 120)
        ended = faulty.sql(
            f"SELECT task_type, status, COUNT(*), MAX(attempts) FROM math_task WHERE id >= {first} GROUP BY 1, 2"
        )
        assert sorted(row[:3] for row in ended) == [["add", "success", "499"], ["poison", "failed", "1"]]
        assert {row[0]: row[3] for row in ended}["poison"] == "5"
        (error,) = faulty.sql(f"SELECT error FROM math_task WHERE id >= {first} AND task_type = 'poison'")
        assert "5 times in a row" in error[0]
        until_ended(faulty, created(faulty, 5), 20)  # the queue moves on


def test_a_worker_whose_clock_is_wrong_doubles_nothing(faulty: Stack) -> None:
    library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
    image = derived("ahead", AHEAD, f"ENV LD_PRELOAD={library} FAKETIME=+5m FAKETIME_DONT_FAKE_MONOTONIC=1")
    first = next_id(faulty)
    with workers(faulty, 1, APP_IMAGE=image) as (worker,):
        clock = int(docker("exec", worker, "date", "+%s"))
        assert clock - time.time() > 200  # it really is ahead
        until_ended(faulty, created(faulty, 30), 30)
    rows = faulty.sql(f"SELECT MAX(attempts), MAX(ABS(TIMESTAMPDIFF(SECOND, start_time, NOW()))) < 200 "
                      f"FROM math_task WHERE id >= {first}")  # fmt: skip
    assert rows == [["1", "1"]]


def test_the_sweep_does_not_flood_a_long_queue(faulty: Stack) -> None:
    first = next_id(faulty)
    try:
        # half a second per message of 500, so that the queue stays long for a while
        with workers(faulty, 1, TASK_SECONDS="0.02", TASKS_PER_MESSAGE="500"):
            insert(faulty, 100_000)
            # 20,000 rows at a time are 40 messages, of which the workers hold a few
            wait_for(lambda: int(redis(faulty, "LLEN", "tasks")) > 30, 60, "the sweep has published")
            lengths = []
            for _ in range(6):
                lengths.append(int(redis(faulty, "LLEN", "tasks")))
                sweep = "from durable.sweep import sweep; sweep()"
                faulty.compose("exec", "-T", "web", "python", "web/manage.py", "shell", "-c", sweep)
            print(f"\nqueue while sweeping: {json.dumps(lengths)}")
            assert max(lengths) <= 40 + 1  # and one probe
    finally:
        faulty.sql(f"UPDATE math_task SET status = 'cancelled' WHERE id >= {first} AND status = 'created'")
        redis(faulty, "DEL", "tasks")


def test_the_first_requests_after_an_outage_of_mysql_work(faulty: Stack) -> None:
    (container,) = faulty.containers("mysql")
    with kill(container, 0):
        wait_for(lambda: ask("GET", f"{faulty.url}/api/tasks").status == 503, 20, "requests are refused", every=0.02)
        assert ask("GET", f"{faulty.url}/health").json()["database"].startswith("away")
    wait_for(lambda: faulty.health(container) == "healthy", 60, "MySQL is back")
    wait_for(lambda: ask("GET", f"{faulty.url}/api/tasks").status == 200, 3, "requests work")
    until_ended(faulty, created(faulty, 10), 20)
