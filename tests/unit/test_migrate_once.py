import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from commands import WEB, environment, manage, python

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
    assert {"math_task", "durable_worker"} <= tables(tmp_path)


def test_a_second_run_has_nothing_to_do(tmp_path: Path) -> None:
    manage("migrate_once", data=tmp_path)
    again = manage("migrate_once", data=tmp_path)
    assert again.returncode == 0
    assert "migrations: nothing to do" in again.stderr
    assert "Applying" not in again.stdout


KILLED_BEFORE_THE_RECORD = """
import os, signal, sys
from django.core.management import execute_from_command_line
from django.db.migrations.recorder import MigrationRecorder
record = MigrationRecorder.record_applied
def record_or_die(self, app, name):
    if f"{app}.{name}" == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)
    record(self, app, name)
MigrationRecorder.record_applied = record_or_die
execute_from_command_line(["manage.py", "migrate_once"])
"""


# Where a step makes an index, SQLite commits its tables first and its record afterwards.
@pytest.mark.parametrize(
    "step",
    [
        "contenttypes.0001_initial",
        "durable.0001_initial",
        "durable.0002_events",
        "arithmetic.0001_initial",
        "arithmetic.0003_engine",
        "arithmetic.0004_created_by",
        "django_celery_results.0005_taskresult_worker",
    ],
)
def test_after_a_kill_in_the_middle_the_next_one_completes(tmp_path: Path, step: str) -> None:
    env = {"DJANGO_SETTINGS_MODULE": "config.settings"}
    killed = python("-c", KILLED_BEFORE_THE_RECORD, step, data=tmp_path, **env)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    result = manage("migrate_once", data=tmp_path)
    assert result.returncode == 0, result.stderr
    assert f"Applying {step}" in result.stdout
    assert "nothing to do" in manage("migrate_once", data=tmp_path).stderr
    assert {"math_task", "durable_worker"} <= tables(tmp_path)


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
