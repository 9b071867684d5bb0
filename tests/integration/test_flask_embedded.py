"""flask-rabbitmq/run.sh on a machine without Docker and without RabbitMQ."""

import os
import signal
import socket
import subprocess
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from support.embedded import ROOT, Embedded
from support.flask_stack import ended, result, running, started
from support.http import ask
from support.waiting import wait_for


class FlaskEmbedded(Embedded):
    """A running flask-rabbitmq/run.sh."""

    folder = ROOT / "flask-rabbitmq"

    def answers(self) -> bool:
        """Whether it takes requests."""
        assert self.process.poll() is None, self.output.read_text()
        try:
            return ask("GET", f"{self.url}/live", timeout=5).status == 200
        except OSError:
            return False


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one that runs for all tests here."""
    with FlaskEmbedded(tmp_path_factory.mktemp("flask")) as embedded:
        yield embedded.url


def test_a_task_is_accepted_runs_in_another_process_and_ends(site: str) -> None:
    identity = started(site, 1)
    wait_for(lambda: running(site, identity), 20, "it runs")
    outcome = wait_for(lambda: ended(site, identity), 10, "it ends")
    assert (outcome["state"], outcome["result"]) == ("success", {"slept": 1})


@pytest.mark.parametrize(
    ("path", "status"), [("?seconds=61", 422), ("?second=1", 422), (f"results/{uuid.UUID(int=0)}", 404)]
)
def test_errors_are_one_json_shape(site: str, path: str, status: int) -> None:
    answer = ask("GET", f"{site}/{path}")
    assert answer.status == status
    assert list(answer.json()) == ["error"]
    assert answer.json()["error"].endswith(".")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 400),
        ({"Content-Type": "text/plain"}, 415),
        ({}, 202),
    ],
    ids=str,
)
def test_a_page_of_another_site_starts_nothing(site: str, headers: dict[str, str], status: int) -> None:
    answer = ask("POST", f"{site}/", {"seconds": 0}, headers)
    assert answer.status == status
    assert status == 202 or answer.json()["error"].endswith(".")


def test_a_large_body_is_refused(site: str) -> None:
    answer = ask("POST", f"{site}/", {"seconds": "0" * 1100})
    assert answer.status == 413
    assert answer.json()["error"] == "The body is larger than 1024 bytes; send a small JSON object, or no body."


def test_only_this_machine_gets_to_it(site: str) -> None:
    port = int(site.rpartition(":")[2])
    listening = [
        line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines() if f":{port:04X} 0000" in line
    ]
    assert listening == [f"0100007F:{port:04X}"]
    assert f":{port:04X} 0000" not in Path("/proc/net/tcp6").read_text()


def test_a_store_that_cannot_be_opened_is_told_with_a_503(tmp_path: Path) -> None:
    with FlaskEmbedded(tmp_path) as embedded:
        (tmp_path / "results.sqlite3").unlink(missing_ok=True)
        (tmp_path / "results.sqlite3").mkdir()
        answer = ask("GET", f"{embedded.url}/")
        assert answer.status == 503
        assert "retry-after" in answer.headers
        assert answer.json()["error"].endswith(".")


def test_ctrl_c_lets_the_running_task_end_and_the_rest_is_there_at_the_next_start(tmp_path: Path) -> None:
    first = FlaskEmbedded(tmp_path, CELERY_CONCURRENCY="1").start()
    at_work = started(first.url, 2)
    wait_for(lambda: running(first.url, at_work), 20, "it runs")
    waiting = [started(first.url, 0) for _ in range(3)]
    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(30) == 0, first.output.read_text()
    assert "stopped" in first.output.read_text()
    assert not first.pids()
    with FlaskEmbedded(tmp_path, port=first.port) as second:
        assert result(second.url, at_work)["state"] == "success"
        for identity in waiting:
            assert wait_for(partial(ended, second.url, identity), 20, "it ends")["state"] == "success"


def test_ctrl_c_in_a_terminal_reaches_all_processes_and_ends_them(tmp_path: Path) -> None:
    running_one = FlaskEmbedded(tmp_path)
    running_one.output = tmp_path / "output.log"
    with running_one.output.open("wb") as file:
        command, env = ["./run.sh"], running_one.env
        running_one.process = subprocess.Popen(
            command, cwd=running_one.folder, env=env, stdout=file, stderr=file, start_new_session=True
        )
    wait_for(running_one.answers, 60, "it answers")
    os.killpg(running_one.process.pid, signal.SIGINT)
    assert running_one.process.wait(30) == 0, running_one.output.read_text()
    assert not running_one.pids()


def test_a_busy_port_ends_it_with_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        starting = FlaskEmbedded(tmp_path, port=taken.getsockname()[1]).start(wait=False)
        assert starting.process.wait(120) == 1
    assert "a process ended by itself; the reason is above" in starting.output.read_text()
    assert "in use" in starting.output.read_text()
    assert not starting.pids()
