"""Run everything on this machine."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser

from durable.embedded.supervisor import Supervisor
from durable.env import env_int
from durable.folders import run_dir


class Command(BaseCommand):
    help = "Runs Redis, web and worker on this machine, until Ctrl-C; the port is HTTP_PORT (8000)."

    def add_arguments(self, parser: CommandParser) -> None:
        """--reload, for development."""
        parser.add_argument("--reload", action="store_true", help="run changed code at once; logs go to the terminal")

    def handle(self, *args: Any, reload: bool, **options: Any) -> None:
        """Set up DATA_DIR and run."""
        port, data = env_int("HTTP_PORT", 8000, 1, 65535), settings.DATA_DIR
        for folder in (data, data / "logs"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        run_dir(data / "run")
        with alone_in(data):
            check_port(port)
            os.environ |= environment(data, port, reload)
            if not reload:
                call_command("collectstatic", interactive=False, verbosity=0)
            close_to_others(data)
            Supervisor(port, reload).main()


def environment(data: Path, port: int, reload: bool) -> dict[str, str]:
    """What the processes are told."""
    return {
        "DATA_DIR": str(data),
        "RUN_DIR": str(data / "run"),
        "DRAIN_FILE": str(data / "run" / "draining"),
        "WEB_BIND": f"127.0.0.1:{port}",
        "DJANGO_DEV": "1" if reload else "0",
    }


def close_to_others(data: Path) -> None:
    """What Redis, SQLite and the logs write is for this user's eyes alone, whatever DATA_DIR's own mode is."""
    os.umask(0o077)
    for pattern in ("abacus.sqlite3*", "logs/*", "appendonlydir/*"):  # written by an earlier version
        for path in data.glob(pattern):
            path.chmod(0o600)


@contextmanager
def alone_in(data: Path) -> Iterator[None]:
    """Hold the folder's lock, which ends with this process; somebody else's gets a sentence."""
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandError(
                f"Another one runs in {data}: stop it, or choose another folder and port: DATA_DIR=data2 HTTP_PORT=8001"
            ) from None
        yield


def check_port(port: int) -> None:
    """A busy port gets a sentence."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on 127.0.0.1 cannot be used ({error.strerror}): choose another, say HTTP_PORT=8001"
            ) from None
