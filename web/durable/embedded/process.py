"""One process of the supervisor's."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

RESPAWN_SECONDS = 1.0
LAST_LINES = 12
PR_SET_PDEATHSIG = 1


@dataclass
class Process:
    """Started again whenever it ends."""

    name: str
    command: list[str]
    log: Path | None  # None: the terminal
    popen: subprocess.Popen[bytes] | None = None
    started: float = field(default=0.0)
    begins: int = 0  # where in the log it began to write
    asked: bool = False  # to end, and so to start anew: nothing to tell people of

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(self.log.open("ab")) if self.log else None
            self.begins = file.tell() if file else 0
            self.popen = subprocess.Popen(
                self.command,
                cwd=settings.BASE_DIR,
                stdout=file,
                stderr=file,
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )
        self.started, self.asked = time.monotonic(), False

    def terminate(self) -> None:
        """Ask it to finish what it does and end."""
        if self.popen and self.popen.poll() is None:
            self.asked = True
            self.popen.terminate()

    def wait(self, end: float) -> None:
        """Wait for its end; at the monotonic time `end` it is killed with all that it started."""
        if not self.popen:
            return
        try:
            self.popen.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait()

    def ended(self) -> bool:
        """Whether it is due for another start."""
        over = self.popen is not None and self.popen.poll() is not None
        return over and time.monotonic() - self.started > RESPAWN_SECONDS

    def failed(self) -> bool:
        """Whether it has ended, and not well."""
        return self.popen is not None and self.popen.poll() not in {None, 0}

    def last_words(self) -> str:
        """The end of what it has written since it was started."""
        if not self.log:
            return ""
        with self.log.open("rb") as file:
            file.seek(self.begins)
            return "\n".join(file.read().decode(errors="replace").splitlines()[-LAST_LINES:])


def die_with_parent() -> Callable[[], None] | None:
    """On Linux, have the kernel end the child when this process is killed, SIGKILL included."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
