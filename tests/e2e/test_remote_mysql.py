"""A MySQL on a machine of its own, started from docker-compose-mysql.yaml alone, and the stack pointed at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.embedded import free_port
from support.http import ask, create, finished
from support.needs import need
from support.stack import Stack, bridge_address, docker_missing
from support.waiting import wait_for


@pytest.fixture(scope="module")
def database() -> Iterator[Stack]:
    """The database machine; its address is this host's, as the containers see it."""
    need(docker_missing())
    machine = Stack(
        "abacus-test-db", "docker-compose-mysql.yaml", MYSQL_BIND=bridge_address(), MYSQL_PORT=str(free_port())
    )
    machine.down()
    try:
        machine.compose("up", "-d", "--wait")
        yield machine
    finally:
        machine.down()


def remote(database: Stack, **env: str) -> Stack:
    password = database.compose("exec", "-T", "mysql", "cat", "/run/secrets/mysql_password").strip()
    address = {"MYSQL_HOST": database.env["MYSQL_BIND"], "MYSQL_PORT": database.env["MYSQL_PORT"]}
    return Stack("abacus-test-remote", **{"MYSQL_PASSWORD": password, **address, **env})


def test_the_stack_uses_the_remote_mysql_and_starts_none_of_its_own(database: Stack) -> None:
    with remote(database) as stack:
        assert not stack.containers("mysql")
        identity = create(stack.url, "0.1", "add", "0.2")
        wait_for(lambda: finished(stack.url, identity), 20, "the task ends")
        assert database.sql(f"SELECT result FROM math_task WHERE id = {identity}") == [["0.3"]]
        # a restart empties the server's cache of logins: full authentication must work too
        database.compose("restart", "mysql")
        wait_for(lambda: ask("GET", f"{stack.url}/api/tasks/{identity}").status == 200, 60, "MySQL is back")


def test_a_backup_of_it_is_made_and_restored_from_the_app_machine(database: Stack, tmp_path: Path) -> None:
    file = str(tmp_path / "b.tar")
    content = "SELECT id, x, task_type, y, create_time FROM math_task ORDER BY id"
    with remote(database, TASK_SECONDS="1") as stack:
        for number in range(6):
            create(stack.url, str(number), "add", "1")
        made = stack.run_sh("backup", file)
        assert made.returncode == 0, made.stderr
        before = database.sql(content)
        full = stack.run_sh("restore", file)
        assert (full.returncode, f"math_task {len(before)}" in full.stderr) == (1, True), full.stderr
    database.sql("DROP DATABASE abacus; CREATE DATABASE abacus; USE abacus")
    stack = remote(database)
    try:
        restored = stack.run_sh("restore", file)
        assert restored.returncode == 0, restored.stderr
        assert not stack.containers("mysql")
        assert database.sql(content) == before
        waiting = "SELECT COUNT(*) FROM math_task WHERE status IN ('created', 'pending')"
        wait_for(lambda: database.sql(waiting) == [["0"]], 60, "what had not ended has")
    finally:
        stack.down()


def test_the_databases_own_settings_suit_the_stack(database: Stack) -> None:
    rows = database.sql("SELECT @@character_set_database, @@global.time_zone, @@transaction_isolation")
    assert rows == [["utf8mb4", "+00:00", "READ-COMMITTED"]]


def test_the_apps_user_has_rights_on_its_own_database_alone(database: Stack) -> None:
    grants = [row[0] for row in database.sql("SHOW GRANTS")]
    assert len(grants) == 2
    assert grants[0].startswith("GRANT USAGE ON *.*")
    assert grants[1].startswith("GRANT ALL PRIVILEGES ON `abacus`.*")


def test_a_remote_mysql_without_a_password_is_refused_with_a_sentence() -> None:
    need(docker_missing())
    stack = Stack("abacus-test-remote", MYSQL_HOST="db.example")
    stack.down()
    try:
        stack.compose("up", "-d", check=False)
        assert "set MYSQL_PASSWORD_FILE (or MYSQL_PASSWORD)" in stack.compose("logs", "secrets")
    finally:
        stack.down()
