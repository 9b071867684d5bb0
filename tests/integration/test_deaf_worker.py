"""A worker that is alive and connected but takes no messages ends itself."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from support.embedded import ROOT, Embedded
from support.waiting import wait_for


def test_a_deaf_worker_is_noticed_within_thirty_seconds_and_ends(embedded: Embedded, tmp_path: Path) -> None:
    env = {**embedded.env, "RUN_DIR": str(tmp_path), "PYTHONPATH": f"{ROOT}/web:{ROOT}/tests"}
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "support.deafening",
        "worker",
        "--concurrency",
        "1",
        "-n",
        "deaf@%h",
    ]
    log = tmp_path / "worker.log"
    with log.open("wb") as file:
        worker = subprocess.Popen(command, cwd=ROOT / "web", env=env, stdout=file, stderr=file)
    try:
        wait_for(lambda: "ready." in log.read_text(), 30, "the worker is ready")
        os.kill(worker.pid, signal.SIGUSR2)
        assert worker.wait(30) == 70, log.read_text()
        assert "this worker is deaf" in log.read_text()
    finally:
        worker.kill()
