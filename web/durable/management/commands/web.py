"""Serve the site."""

import logging
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from durable.access import notice
from durable.env import env_int, env_str
from durable.folders import run_dir
from durable.http.metrics import LANE

logger = logging.getLogger(__name__)

INI = Path(__file__).resolve().parents[2] / "uwsgi.ini"


@dataclass(frozen=True)
class Lane:
    """A uWSGI of its own: its name, the beginning of its variables' names, their defaults, what it has besides."""

    name: str
    prefix: str
    processes: int
    threads: int
    more: tuple[str, ...] = ()


LANES = {
    "fast": Lane("fast", "WEB", 2, 4, more=("--ini", f"{INI}:fast")),
    "bulk": Lane("bulk", "BULK", 1, 8),
}


class Command(BaseCommand):
    help = "Migrates if need be, then becomes the uWSGI of one lane (WEB_* or BULK_BIND, _PROCESSES, _THREADS)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Which one."""
        parser.add_argument("lane", nargs="?", default="fast", choices=LANES, help="default: fast")

    def handle(self, *args: Any, lane: str, **options: Any) -> None:
        """Migrate, then serve."""
        serving = LANES[lane]
        run_dir(settings.RUN_DIR)
        call_command("migrate_once")
        if told := notice():
            logger.info(told)
        connections.close_all()
        program = pyuwsgi()
        environment = {**os.environ, **variables(serving)}
        os.execve(program, [program, *arguments(serving)], environment)  # noqa: S606 (no shell is needed)


def pyuwsgi() -> str:
    """The program beside this Python, or on PATH."""
    beside = Path(sys.executable).with_name("pyuwsgi")
    found = str(beside) if beside.exists() else shutil.which("pyuwsgi")
    if not found:
        raise CommandError("There is no pyuwsgi: install it with pip install pyuwsgi.")
    return found


def arguments(lane: Lane) -> list[str]:
    """What uwsgi.ini cannot know."""
    module, _, name = settings.WSGI_APPLICATION.rpartition(".")
    given = ["--ini", str(INI), *lane.more, "--chdir", str(settings.BASE_DIR), "--module", f"{module}:{name}"]
    given += ["--listen", str(backlog())]
    if settings.LOG_FORMAT == "json":
        given += ["--ini", str(INI.with_name("uwsgi-json.ini"))]
    if settings.DEV:
        signal = settings.RUN_DIR / "reload"
        signal.touch()
        given += ["--touch-workers-reload", str(signal)]
    else:  # in development, what is saved while processes are replaced may be unsound: the next change mends it
        given += ["--need-app"]
    return given


def backlog() -> int:
    """How many connections may queue: uWSGI refuses to start with more than the kernel allows."""
    try:
        limit = int(Path("/proc/sys/net/core/somaxconn").read_text())
    except OSError:
        limit = 128
    return min(limit, 1024)


def variables(lane: Lane) -> dict[str, str]:
    """What uwsgi.ini reads."""
    return {
        LANE: lane.name,
        "WEB_BIND": env_str(f"{lane.prefix}_BIND") or f"127.0.0.1:{env_int('HTTP_PORT', 8000, 1, 65535)}",
        "WEB_PROCESSES": str(env_int(f"{lane.prefix}_PROCESSES", lane.processes, 1, 1000)),
        "WEB_THREADS": str(env_int(f"{lane.prefix}_THREADS", lane.threads, 1, 1000)),
    }
