"""flask-rabbitmq/run.sh without Docker: its two roles, played by a Python that sleeps, begin and end together."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.stack import ROOT
from support.waiting import wait_for

PYTHON = """#!/bin/bash
echo $$ >"$STATE/$2"
exec sleep 60
"""
ROLES = ("gunicorn", "celery")


class Both:
    """A copy of run.sh at work; each role's process id is in a file of its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / ".venv" / "bin").mkdir(parents=True)
        for name in ("run.sh", "requirements.txt"):
            shutil.copy(ROOT / "flask-rabbitmq" / name, folder)
        lock = (folder / "requirements.txt").read_bytes()
        sum = subprocess.run(["cksum"], input=lock, capture_output=True, check=True).stdout
        (folder / ".venv" / "installed").write_bytes(sum)
        python = folder / ".venv" / "bin" / "python"
        python.write_text(PYTHON)
        python.chmod(0o755)
        env = {"PATH": os.environ["PATH"], "STATE": str(folder)}
        with (folder / "said").open("wb") as said:
            self.process = subprocess.Popen([folder / "run.sh"], env=env, stderr=said)
        wait_for(lambda: all(map(self.runs, ROLES)), 10, "both roles run")

    def pid(self, role: str) -> int:
        """The role's process; 0 before it runs."""
        path = self.folder / role
        return int(path.read_text() or 0) if path.exists() else 0

    def runs(self, role: str) -> bool:
        """Whether it does."""
        try:
            os.kill(self.pid(role) or 2**22, 0)
        except ProcessLookupError:
            return False
        return True

    def said(self) -> str:
        """What run.sh has said."""
        return (self.folder / "said").read_text()


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    """Both roles, running."""
    found = Both(tmp_path)
    yield found
    for role in filter(found.runs, ROLES):
        os.kill(found.pid(role), signal.SIGKILL)
    found.process.wait(10)


@pytest.mark.parametrize(("dies", "other"), [ROLES, ROLES[::-1]])
def test_a_role_that_dies_takes_the_other_along(both: Both, dies: str, other: str) -> None:
    os.kill(both.pid(dies), signal.SIGKILL)
    assert both.process.wait(10) == 1
    assert "a process ended by itself" in both.said()
    assert not both.runs(other)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_ends_both_and_says_so(both: Both, number: signal.Signals) -> None:
    both.process.send_signal(number)
    assert both.process.wait(10) == 0
    assert "stopped; ./run.sh starts again" in both.said()
    assert not any(map(both.runs, ROLES))
