"""Migrations run once, however many containers start together, and survive being killed."""

import subprocess
from collections.abc import Iterator

import pytest

from support.needs import need
from support.stack import Stack, docker_missing
from support.waiting import wait_for

DONE = "migrations: done"
TABLES = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()"


@pytest.fixture
def empty() -> Iterator[Stack]:
    """A stack whose MySQL runs, and is empty."""
    need(docker_missing())
    stack = Stack("abacus-test-migrations")
    stack.down()
    try:
        stack.compose("build")
        stack.compose("up", "-d", "--wait", "mysql")
        yield stack
    finally:
        stack.down()


def migrate(stack: Stack, number: int) -> str:
    """Start one migration in the background; the container's name."""
    name = f"{stack.project}-run-{number}"
    stack.compose("run", "-d", "--no-deps", "--name", name, "migrate")
    return name


def log(container: str) -> str:
    result = subprocess.run(["docker", "logs", container], capture_output=True, text=True)
    return result.stdout + result.stderr


def code(container: str) -> int:
    result = subprocess.run(["docker", "wait", container], capture_output=True, text=True, check=True, timeout=180)
    return int(result.stdout)


def test_of_eight_that_start_at_once_one_migrates_and_all_succeed(empty: Stack) -> None:
    names = [migrate(empty, number) for number in range(8)]
    assert [code(name) for name in names] == [0] * 8
    assert sum(DONE in log(name) for name in names) == 1


def test_another_continues_when_the_holder_of_the_lock_is_killed(empty: Stack) -> None:
    first = migrate(empty, 1)
    wait_for(lambda: int(empty.sql(TABLES)[0][0]) > 3, 60, "some tables are there", every=0.02)
    subprocess.run(["docker", "kill", first], check=True, capture_output=True)
    assert DONE not in log(first)
    second = migrate(empty, 2)
    assert code(second) == 0, log(second)
    assert "was cut off; starting it again" in log(second)
    assert DONE in log(second)


def test_a_second_run_is_quick_and_changes_nothing(empty: Stack) -> None:
    assert code(migrate(empty, 1)) == 0
    second = migrate(empty, 2)
    assert code(second) == 0
    assert "nothing to do" in log(second)


def test_a_killed_mysql_in_mid_migration_leaves_nothing_that_stops_the_next(empty: Stack) -> None:
    first = migrate(empty, 1)
    wait_for(lambda: int(empty.sql(TABLES)[0][0]) > 3, 60, "some tables are there", every=0.02)
    (mysql,) = empty.containers("mysql")
    pid = subprocess.run(["docker", "inspect", "-f", "{{.State.Pid}}", mysql], capture_output=True, text=True)
    subprocess.run(["kill", "-KILL", pid.stdout.strip()], check=True)
    assert code(first) != 0
    assert DONE not in log(first)
    empty.wait_healthy("mysql")
    second = migrate(empty, 2)
    assert code(second) == 0, log(second)
    assert DONE in log(second)
