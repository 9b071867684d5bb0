"""A database of version 1.0.0, with a task in each state, comes over: one stop, migrate, start; nothing is lost."""

import csv
import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.http import Answer, ask, create, finished, task
from support.needs import need
from support.stack import Stack, docker_missing
from support.waiting import wait_for

# Made by the old code: version_1_0_0.sh tells how.
DUMP = Path(__file__).with_name("version_1_0_0.sql")
PENDING, WAITING = [9, 10, 15], [11, 12, 13, 14]
DONE, HALF = 1, 2  # the batches
ROWS = "SELECT id, status, round, attempts, worker, start_time IS NULL, reason FROM math_task ORDER BY id"
# Migrates again and again, and is cut off each time after the first statement that has changed something.
CUT = """
import json
from django.core.management import call_command
from django.db import connection
cuts = []
class Cut(Exception): pass
def once(execute, sql, *rest):
    result = execute(sql, *rest)
    if not sql.lstrip().upper().startswith(("SELECT", "SHOW", "SET")) and not connection.in_atomic_block:
        cuts.append(sql[:60])
        raise Cut
    return result
while len(cuts) < 100:
    try:
        with connection.execute_wrapper(once):
            call_command("migrate", interactive=False, verbosity=0)
    except Cut:
        continue
    break
print(json.dumps(cuts))
"""
INSTANT = "SELECT TOTAL_ROW_VERSIONS FROM information_schema.INNODB_TABLES WHERE NAME = 'abacus/math_task'"


Rows = dict[int, list[str]]


class Upgrade(Stack):
    """The stack, and its rows as each way of migrating left them, before anything ran."""

    cuts: list[str]
    cut: Rows
    plain: Rows

    def load(self) -> None:
        """The old tables and rows."""
        self.sql("DROP TABLE IF EXISTS durable_batch, durable_claim, durable_event, durable_token, durable_worker")
        self.sql(DUMP.read_text())

    def rows(self) -> Rows:
        """What is there now, by id."""
        return {int(row[0]): row[1:] for row in self.sql(ROWS)}


@pytest.fixture(scope="module")
def upgraded() -> Iterator[Upgrade]:
    """A MySQL with the old tables and rows, a Redis with the old messages, migrated and started."""
    need(docker_missing())
    stack = Upgrade("abacus-test-upgrade", RETENTION_DAYS="36500")
    stack.down()
    try:
        stack.compose("build")
        stack.compose("up", "-d", "--wait", "mysql", "redis")
        stack.load()
        out = stack.compose("run", "--rm", "--no-deps", "web", "manage", "shell", "-c", CUT)
        stack.cuts, stack.cut = json.loads(out.splitlines()[-1]), stack.rows()
        stack.load()
        for line in DUMP.read_text().splitlines():
            if line.startswith(("-- tasks ", "-- batches ")):
                push(stack, *line.removeprefix("-- ").split(" ", 1))
        stack.compose("run", "--rm", "--no-deps", "migrate")
        stack.plain = stack.rows()
        stack.up()
        yield stack
    finally:
        stack.down()


def push(stack: Stack, queue: str, message: str) -> None:
    """A message into Redis, as the old code left it."""
    client = 'REDISCLI_AUTH="$(cat /run/secrets/redis_password)" exec redis-cli -x RPUSH "$0"'
    command = ["docker", "exec", "-i", *stack.containers("redis"), "sh", "-c", client, queue]
    subprocess.run(command, input=message, text=True, check=True, capture_output=True)


def again(stack: Stack, key: str, x: str, task_type: str, y: str) -> Answer:
    """The request that made a task, sent again."""
    body = {"x": x, "task_type": task_type, "y": y}
    return ask("POST", f"{stack.url}/api/tasks", body, {"Idempotency-Key": key})


def batch_again(stack: Stack, key: str, *numbers: str) -> Answer:
    """The request that made a batch, sent again."""
    tasks = [{"x": number, "task_type": "add", "y": "1"} for number in numbers]
    return ask("POST", f"{stack.url}/api/batches", {"tasks": tasks}, {"Idempotency-Key": key})


def states(stack: Stack) -> Counter[str]:
    """How many rows there are of each."""
    return Counter(row[0] for row in stack.sql("SELECT status FROM math_task WHERE id <= 16 AND id <> 8"))


def batch(stack: Stack, number: int) -> dict[str, Any]:
    """As the API tells it."""
    found: dict[str, Any] = ask("GET", f"{stack.url}/api/batches/{number}").json()
    return found


def test_what_was_at_work_waits_again_and_all_else_is_as_it_was(upgraded: Upgrade) -> None:
    rows = upgraded.plain
    assert len(rows) == 16
    assert Counter(row[0] for row in rows.values()) == {"success": 4, "failed": 4, "cancelled": 1, "created": 7}
    assert {row[1] for row in rows.values()} == {"0"}
    assert [rows[number][:5] for number in PENDING] == [["created", "0", "1", "", "1"]] * 3
    assert [rows[number][:5] for number in WAITING] == [["created", "0", "0", "", "1"]] * 4
    assert rows[7][5] == '["There is no operation {name} any more.", {"name": "power"}]'
    assert rows[8][5].endswith('{n} times in a row. The task is not tried again.", {"n": 5}]')
    assert rows[3][5] == "NULL"


def test_the_old_tables_are_gone_and_the_large_one_was_not_copied(upgraded: Upgrade) -> None:
    tables = {row[0] for row in upgraded.sql("SHOW TABLES")}
    assert not tables & {"batch", "worker"}
    root = 'MYSQL_PWD=$(cat /run/secrets/mysql_root_password) exec mysql -uroot -NB -e "$0"'
    assert upgraded.compose("exec", "-T", "mysql", "sh", "-c", root, INSTANT).strip() == "5"  # five columns, added so


def test_everything_that_was_not_ended_runs(upgraded: Upgrade) -> None:
    wait_for(lambda: "created" not in states(upgraded), 60, "all have ended")
    assert states(upgraded) == {"success": 11, "failed": 3, "cancelled": 1}
    rows = [task(upgraded.url, number) for number in (*PENDING, *WAITING)]
    assert [row["result"] for row in rows] == ["2", "4", "31", "6", "8", "11", "21"]
    assert [row["attempts"] for row in rows] == [2, 2, 2, 1, 1, 1, 1]


def test_the_batches_have_their_counts_and_results(upgraded: Upgrade) -> None:
    wait_for(lambda: "created" not in states(upgraded), 60, "all have ended")
    done, half = batch(upgraded, DONE), batch(upgraded, HALF)
    assert (done["total"], done["counts"]["success"], done["counts"]["failed"]) == (3, 2, 1)
    assert (half["total"], half["counts"]["success"]) == (3, 3)
    lines = ask("GET", f"{upgraded.url}/api/batches/{DONE}/results.csv").body.decode().splitlines()
    found = [(row["x"], row["status"], row["result"]) for row in csv.DictReader(lines)]
    assert found == [("1", "success", "2"), ("1", "failed", ""), ("7", "success", "5")]


def test_keys_still_stand_for_their_tasks_and_batches(upgraded: Upgrade) -> None:
    answers = [again(upgraded, "success-1", "0.1", "add", "0.2"), again(upgraded, "pending-1", "1", "add", "1")]
    assert [(answer.status, answer.json()["id"]) for answer in answers] == [(200, 1), (200, 9)]
    assert again(upgraded, "success-1", "0.1", "add", "0.3").status == 409
    same = batch_again(upgraded, "batch-waiting", "10", "20", "30")
    assert (same.status, same.json()["id"]) == (200, HALF)
    assert batch_again(upgraded, "batch-waiting", "10", "20").status == 409


def test_old_errors_are_told_in_the_readers_language(upgraded: Upgrade) -> None:
    page = ask("GET", f"{upgraded.url}/tasks/now?lang=zh-hans").body.decode()
    assert "power" in page
    assert "There is no operation" not in page
    assert "times in a row" not in page


def test_what_failed_can_be_tried_again_and_new_tasks_run(upgraded: Upgrade) -> None:
    assert ask("POST", f"{upgraded.url}/api/tasks/8/retry").status == 200
    fresh = create(upgraded.url, "20", "add", "22")
    assert fresh > 16
    for identity in (fresh, 8):
        wait_for(partial(finished, upgraded.url, identity), 20, "it ends")
    assert (task(upgraded.url, fresh)["result"], task(upgraded.url, 8)["result"]) == ("42", "12")


def test_a_migration_that_is_killed_after_any_statement_goes_on_at_the_next_start(upgraded: Upgrade) -> None:
    assert 15 < len(upgraded.cuts) < 100, upgraded.cuts
    assert upgraded.cut == upgraded.plain
