"""A web container that is stopped while it starts says at no time that it is ready: nobody sends it a request."""

import signal
from pathlib import Path

from support.embedded import Embedded
from support.http import ask
from support.waiting import wait_for


class Web(Embedded):
    """One lane, as a container runs it behind HAProxy."""

    command = ("./run.sh", "web")

    def ready(self) -> int:
        """What HAProxy's check is told; 0 where nobody listens."""
        try:
            return ask("GET", f"{self.url}/ready", timeout=5).status
        except OSError:
            return 0


def test_who_is_stopped_while_it_starts_is_never_ready(tmp_path: Path) -> None:
    run = tmp_path / "run"
    web = Web(tmp_path, RUN_DIR=str(run), DRAIN_SECONDS="20", DJANGO_SECRET_KEY="x" * 50)
    run.mkdir(mode=0o700)
    (run / "draining").touch()  # of an earlier stop
    web.start(wait=False)
    wait_for(lambda: web.pids("web fast"), 20, "its lane has begun to start", every=0.001)
    web.process.send_signal(signal.SIGTERM)
    try:
        seen = [wait_for(web.ready, 60, "a lane listens", every=0.05) for _ in range(3)]
    finally:
        web.process.wait(60)
    assert seen == [404] * 3
