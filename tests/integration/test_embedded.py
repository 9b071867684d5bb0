"""./run.sh on a machine without Docker, as its user meets it."""

import os
import shutil
import signal
import socket
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest

from support.embedded import ROOT, Embedded, copy_of_the_project, free_port
from support.http import ask, create, finished, task
from support.waiting import wait_for


def run_sh(cwd: Path, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["./run.sh", *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("x", "task_type", "y", "status", "outcome"),
    [
        ("0.1", "add", "0.2", "success", "0.3"),
        ("1e6144", "minus", "-1e6144", "success", "2.000000000000000000000000000000000E+6144"),
        ("-0.5", "multiply", "4", "success", "-2.0"),
        ("1", "divide", "3", "success", "0.3333333333333333333333333333333333"),
        ("1", "divide", "0", "failed", "Division by zero has no result."),
    ],
)
def test_a_task_is_computed_exactly(
    embedded: Embedded, x: str, task_type: str, y: str, status: str, outcome: str
) -> None:
    identity = create(embedded.url, x, task_type, y)
    ended = wait_for(lambda: finished(embedded.url, identity), 10, "the task ends")
    assert (ended["status"], ended["result"] or ended["error"], ended["attempts"]) == (status, outcome, 1)


def test_tasks_are_kept_over_a_restart_and_nothing_is_left_running(tmp_path: Path) -> None:
    with Embedded(tmp_path) as first:
        identity = create(first.url, "2", "add", "3")
        wait_for(lambda: finished(first.url, identity), 10, "the task ends")
    with Embedded(tmp_path, port=first.port) as second:
        assert finished(second.url, identity) is not None


def test_a_kill_of_run_sh_leaves_no_process_behind(tmp_path: Path) -> None:
    running = Embedded(tmp_path).start()
    running.process.send_signal(signal.SIGKILL)
    running.process.wait(10)
    running.wait_gone(45)


def test_a_kill_leaves_nothing_behind_that_was_still_loading(tmp_path: Path) -> None:
    running, log = Embedded(tmp_path).start(wait=False), tmp_path / "logs/web.log"
    loading = "spawned uWSGI worker 2"
    wait_for(lambda: log.exists() and loading in log.read_text(), 120, "uWSGI loads the application", every=0.01)
    running.process.send_signal(signal.SIGKILL)
    running.process.wait(10)
    running.wait_gone(45)


def test_ctrl_c_stops_it_with_a_word(tmp_path: Path) -> None:
    running = Embedded(tmp_path).start()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(45) == 0
    assert "Your tasks are kept" in running.output.read_text()
    running.wait_gone(0)


def test_it_says_in_one_line_where_it_runs(embedded: Embedded) -> None:
    assert f"Abacus runs on {embedded.url}" in embedded.output.read_text()


def test_a_busy_port_gets_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = run_sh(ROOT, DATA_DIR=str(tmp_path), HTTP_PORT=port, PATH=os.environ["PATH"])
    assert result.returncode != 0
    assert f"Port {port} on 127.0.0.1 cannot be used" in result.stderr
    assert "choose another" in result.stderr


def test_a_second_start_in_the_same_folder_gets_a_sentence(embedded: Embedded) -> None:
    env = {**embedded.env, "HTTP_PORT": str(free_port())}
    result = subprocess.run(["./run.sh"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert result.returncode != 0
    assert f"Another one runs in {embedded.data}" in result.stderr


def test_a_setting_that_cannot_be_gets_its_sentence_and_no_second_start(tmp_path: Path) -> None:
    lone = Embedded(tmp_path, DJANGO_SUPERUSER_PASSWORD="a-long-one-of-nobody")
    result = run_sh(ROOT, **lone.env)
    assert result.returncode == 1
    assert "DJANGO_SUPERUSER_USERNAME and DJANGO_SUPERUSER_PASSWORD (or _FILE) go together" in result.stderr
    assert "is started again" not in result.stdout


def test_a_management_command_works_on_a_fresh_clone(tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path / "project")
    (project / ".venv").symlink_to(ROOT / ".venv")  # what the first start would install
    result = run_sh(project, "manage", "makemigrations", "--check", PATH=os.environ["PATH"])
    assert result.returncode == 0, result.stderr
    assert "No changes detected" in result.stdout
    assert (project / "data" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_what_it_writes_is_for_its_user_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "web.log").touch(0o644)  # of an earlier version
    with Embedded(tmp_path) as running:
        create(running.url, "1", "add", "1")
        files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in {"lock", "output.log"}]
        assert {"abacus.sqlite3", "abacus.sqlite3-wal", "web.log", "worker.log", "redis.log"} <= {f.name for f in files}
        assert [path for path in files if path.stat().st_mode & 0o077] == []


def test_a_relative_folder_is_meant_from_where_it_was_typed(tmp_path: Path) -> None:
    script = [str(ROOT / "run.sh"), "manage", "check"]
    env = {"DATA_DIR": "data2", "PATH": os.environ["PATH"]}
    subprocess.run(script, cwd=tmp_path, env=env, check=True, timeout=60)
    assert (tmp_path / "data2" / "secret_key").exists()


def test_a_worker_that_is_stopped_gives_back_uncounted_what_it_cannot_finish(tmp_path: Path) -> None:
    with Embedded(tmp_path, TASK_SECONDS="12", STOP_SECONDS="2", TASKS_PER_MESSAGE="1") as running:
        identity = create(running.url, "2", "add", "3")
        wait_for(lambda: task(running.url, identity)["status"] == "pending", 10, "a worker has begun it")
        first, began = running.pid("django", "worker"), time.monotonic()
        os.kill(first, signal.SIGTERM)
        wait_for(lambda: first not in running.pids("django", "worker"), 10, "the worker has ended")
        assert time.monotonic() - began < 8
        ended = wait_for(lambda: finished(running.url, identity), 40, "another one ends it")
    assert (ended["status"], ended["result"], ended["attempts"]) == ("success", "5", 1)


def test_a_python_that_is_too_old_gets_a_sentence(tmp_path: Path) -> None:
    project, tools = copy_of_the_project(tmp_path / "project"), tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "dirname", "cat", "cksum", "sed", "env", "uname", "getconf", "head", "sort"):
        (tools / name).symlink_to(shutil.which(name) or name)
    old = tools / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit\nexit 1\n')
    old.chmod(0o755)
    result = run_sh(project, PATH=str(tools))
    assert result.returncode != 0
    assert "Python 3.11, 3.12 or 3.13 is needed" in result.stderr
    assert "Python 3.9.2" in result.stderr


def test_a_missing_network_gets_a_sentence(tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path / "project")
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "1", "PIP_CONFIG_FILE": os.devnull}
    result = run_sh(project, PATH=os.environ["PATH"], HOME=str(tmp_path), PIP_NO_CACHE_DIR="1", **nowhere)
    assert result.returncode != 0
    assert "The package index cannot be reached" in result.stderr


@pytest.mark.parametrize(
    "victim",
    [("redis.sock",), ("pyuwsgi",), ("django", "worker"), ("django", "clockwork")],
    ids=lambda words: words[-1],
)
def test_a_killed_process_is_started_again_and_loses_no_task(embedded: Embedded, victim: tuple[str, ...]) -> None:
    before = [create(embedded.url, str(n), "add", "1") for n in range(20)]
    pid = embedded.pid(*victim)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: any(p != pid for p in embedded.pids(*victim)), 20, f"{victim} runs again")
    wait_for(embedded.answers, 30, "the stack is well again")
    after = [create(embedded.url, str(n), "add", "2") for n in range(20)]
    for identity in before + after:
        ended = wait_for(partial(finished, embedded.url, identity), 40, f"task {identity} ends")
        assert ended["status"] == "success"


def test_the_error_pages_and_limits_hold_under_uwsgi(embedded: Embedded) -> None:
    assert ask("GET", f"{embedded.url}/nowhere").status == 404
    assert ask("DELETE", f"{embedded.url}/").status == 405
    answer = ask("POST", f"{embedded.url}/api/tasks", b"x" * (11 * 1024 * 1024), {"Content-Type": "application/json"})
    assert answer.status in {400, 413}, answer
    assert answer.json()["error"].endswith(".")
