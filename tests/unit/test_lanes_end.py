"""./run.sh web with its two lanes, which are played by a Python that sleeps: one without the other is half a site."""

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
echo $$ >"$STATE/$3"
exec sleep 60
"""


class Serving:
    """A copy of run.sh that serves; each lane's process id is in a file of its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "web").mkdir()
        (folder / ".venv" / "bin").mkdir(parents=True)
        shutil.copy(ROOT / "run.sh", folder)
        python = folder / ".venv" / "bin" / "python"
        python.write_text(PYTHON)
        python.chmod(0o755)

    def start(self, **env: str) -> None:
        """./run.sh web, until its lanes run."""
        lanes = {"fast", "bulk"} if "BULK_BIND" in env else {"fast"}
        known = {"PATH": os.environ["PATH"], "STATE": str(self.folder), "DRAIN_SECONDS": "0.1", **env}
        with (self.folder / "said").open("wb") as said:
            self.process = subprocess.Popen([self.folder / "run.sh", "web"], env=known, stderr=said)
        wait_for(lambda: all(self.pid(lane) for lane in lanes), 10, "the lanes run")

    def said(self) -> str:
        """What run.sh has said."""
        return (self.folder / "said").read_text()

    def pid(self, lane: str) -> int:
        """The lane's process; 0 before it runs."""
        path = self.folder / lane
        return int(path.read_text() or 0) if path.exists() else 0

    def runs(self, lane: str) -> bool:
        """Whether it does."""
        try:
            os.kill(self.pid(lane), 0)
        except ProcessLookupError:
            return False
        return True


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """It, not started yet."""
    found = Serving(tmp_path)
    yield found
    if found.process.poll() is None:
        found.process.kill()
        found.process.wait()


@pytest.mark.parametrize(("dies", "other"), [("fast", "bulk"), ("bulk", "fast")])
def test_a_lane_that_dies_takes_the_other_along(serving: Serving, dies: str, other: str) -> None:
    serving.start(BULK_BIND=":8001")
    os.kill(serving.pid(dies), signal.SIGKILL)
    assert serving.process.wait(10) == 1
    assert "a lane ended by itself" in serving.said()
    wait_for(lambda: not serving.runs(other), 5, "the other lane has ended")


def test_a_single_lane_that_dies_ends_the_site(serving: Serving) -> None:
    serving.start()
    os.kill(serving.pid("fast"), signal.SIGKILL)
    assert serving.process.wait(10) == 1


@pytest.mark.parametrize("env", [{}, {"BULK_BIND": ":8001"}], ids=["one lane", "two"])
def test_a_stop_drains_and_ends_all_without_a_word(serving: Serving, env: dict[str, str]) -> None:
    serving.start(**env)
    serving.process.terminate()
    serving.process.wait(10)
    assert "ended by itself" not in serving.said()
    assert not serving.runs("fast")
