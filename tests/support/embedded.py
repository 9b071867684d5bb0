"""./run.sh as a user starts it, on a free port and a folder of its own."""

import os
import shutil
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from support.http import ask
from support.waiting import wait_for

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def copy_of_the_project(folder: Path) -> Path:
    """A fresh clone's files: no .venv."""
    shutil.copytree(
        ROOT, folder, ignore=shutil.ignore_patterns(".venv", ".git", "data", ".*_cache", "__pycache__", "staticfiles")
    )
    return folder


def started(pid: int) -> int:
    """When a process began, in clock ticks since the machine did; 0 if it has ended in the meantime."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return 0


class Embedded:
    """A running ./run.sh; `with` stops it and sees that nothing is left behind."""

    folder = ROOT
    command: tuple[str, ...] = ("./run.sh",)

    def __init__(self, data: Path, port: int | None = None, **env: str) -> None:
        self.data, self.port = data, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        # Only what a user's shell has: the tests' own settings must not reach it.
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "RUN_DIR", "DATA_DIR", "PYTEST"))}
        self.env = {**kept, "DATA_DIR": str(data), "HTTP_PORT": str(self.port), **env}

    def start(self, wait: bool = True) -> Self:
        """Start it, and wait for its own word that it runs."""
        self.output = self.data / "output.log"
        with self.output.open("ab") as file:
            self.process = subprocess.Popen(self.command, cwd=self.folder, env=self.env, stdout=file, stderr=file)
        if wait:
            wait_for(self.answers, 180, f"{self.url} answers; output: {self.output.read_text()}")
        return self

    def answers(self) -> bool:
        """Whether it takes requests and a worker has signed."""
        if self.process.poll() is not None:
            raise AssertionError(f"run.sh ended with {self.process.returncode}: {self.output.read_text()}")
        try:
            return ask("GET", f"{self.url}/health", timeout=5).status == 200
        except OSError:
            return False

    def processes(self) -> dict[int, str]:
        """The commands of this instance's processes, by pid.

        They are found by its folder in their environment; Redis overwrites that, and names its socket instead.
        """
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                if not entry.name.isdigit() or int(entry.name) == os.getpid():
                    continue
                env = (entry / "environ").read_bytes()
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:  # ended in the meantime
                continue
            ours = f"DATA_DIR={self.data}\0".encode() in env or f"{self.data}/redis.sock" in command
            if ours and command:
                found[int(entry.name)] = command
        return found

    def pid(self, *words: str) -> int:
        """The first process whose command has all words: of a worker's, that of its pool's parent."""
        return self.pids(*words)[0]

    def pids(self, *words: str) -> list[int]:
        """The processes whose command has all words, the oldest first: after the last number come low ones again."""
        found = [pid for pid, command in self.processes().items() if all(word in command for word in words)]
        return sorted(found, key=lambda pid: (started(pid), pid))

    def wait_gone(self, seconds: float) -> None:
        """Wait until no process is left, or fail with those that are."""
        try:
            wait_for(lambda: not self.processes(), seconds, "no process is left behind")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.processes()}") from None

    def stop(self) -> int:
        """Ctrl-C, its exit status."""
        self.process.terminate()
        return self.process.wait(60)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.wait_gone(20)
