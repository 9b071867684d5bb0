import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from commands import WEB, environment, manage

COMMAND = [sys.executable, "-u", "manage.py", "migrate_once"]


def tables(data: Path) -> set[str]:
    """The tables in the database of this folder."""
    with sqlite3.connect(data / "abacus.sqlite3") as database:
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    database.close()
    return names


def test_of_eight_that_start_together_one_migrates_and_all_succeed(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: manage("migrate_once", data=tmp_path), range(8)))
    assert [result.returncode for result in results] == [0] * 8, [result.stderr for result in results]
    assert sum("Applying" in result.stdout for result in results) == 1
    assert sum("migrations: done" in result.stderr for result in results) == 1
    assert {"math_task", "worker"} <= tables(tmp_path)


def test_a_second_run_has_nothing_to_do(tmp_path: Path) -> None:
    manage("migrate_once", data=tmp_path)
    again = manage("migrate_once", data=tmp_path)
    assert again.returncode == 0
    assert "migrations: nothing to do" in again.stderr
    assert "Applying" not in again.stdout


def test_after_a_kill_in_the_middle_the_next_one_completes(tmp_path: Path) -> None:
    # Given a migration that got as far as its second step, where a reader of ours holds it up
    first = subprocess.Popen(COMMAND, cwd=WEB, env=environment(tmp_path), stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    for line in first.stdout:
        if "Applying" in line:
            break
    database = sqlite3.connect(tmp_path / "abacus.sqlite3", timeout=10, isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    # When it is killed
    first.kill()
    assert first.wait(10) == -9
    first.stdout.close()
    database.execute("ROLLBACK")
    (applied,) = database.execute("SELECT COUNT(*) FROM django_migrations").fetchone()
    database.close()
    # Then the next one does the rest
    result = manage("migrate_once", data=tmp_path)
    assert result.returncode == 0, result.stderr
    rest = result.stdout.count("Applying")
    assert rest > 0, f"the first one was faster than its kill: {applied} steps"
    last = manage("migrate_once", data=tmp_path)
    assert "nothing to do" in last.stderr
    assert "math_task" in tables(tmp_path)


def test_a_database_that_cannot_be_reached_ends_the_wait_with_a_sentence(tmp_path: Path) -> None:
    started = time.monotonic()
    result = manage("migrate_once", "--wait", "1", data=tmp_path / "nowhere")
    assert result.returncode == 1
    assert result.stderr.strip().splitlines()[-1].startswith("CommandError: The database did not answer within 1 s: ")
    assert "Traceback" not in result.stderr
    assert time.monotonic() - started < 30


def test_it_waits_for_the_database_to_come(tmp_path: Path) -> None:
    data = tmp_path / "later"
    waiting = subprocess.Popen(
        [*COMMAND, "--wait", "60"],
        cwd=WEB,
        env=environment(data),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert waiting.stderr is not None
    for line in waiting.stderr:
        if "waiting for the database" in line:
            break
    data.mkdir()
    rest = waiting.stderr.read()
    assert waiting.wait(60) == 0, rest
    waiting.stderr.close()
    assert "migrations: done" in rest
