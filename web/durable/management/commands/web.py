"""Serve the site."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connections

from durable.env import env_int, env_str

INI = Path(__file__).resolve().parents[2] / "uwsgi.ini"


class Command(BaseCommand):
    help = "Migrates if need be, then becomes uWSGI (WEB_BIND, WEB_PROCESSES, WEB_THREADS)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then serve."""
        call_command("migrate_once")
        connections.close_all()
        program = pyuwsgi()
        os.execve(program, [program, *arguments()], {**os.environ, **environment()})  # noqa: S606 (no shell is needed)


def pyuwsgi() -> str:
    """The program beside this Python, or on PATH."""
    beside = Path(sys.executable).with_name("pyuwsgi")
    found = str(beside) if beside.exists() else shutil.which("pyuwsgi")
    if not found:
        raise CommandError("There is no pyuwsgi: install it with pip install pyuwsgi.")
    return found


def arguments() -> list[str]:
    """What uwsgi.ini cannot know."""
    module, _, name = settings.WSGI_APPLICATION.rpartition(".")
    given = ["--ini", str(INI), "--chdir", str(settings.BASE_DIR), "--module", f"{module}:{name}"]
    given += ["--listen", str(backlog())]
    if settings.DEV:
        signal = settings.RUN_DIR / "reload"
        signal.touch()
        given += ["--touch-workers-reload", str(signal)]
    return given


def backlog() -> int:
    """How many connections may queue: uWSGI refuses to start with more than the kernel allows."""
    try:
        limit = int(Path("/proc/sys/net/core/somaxconn").read_text())
    except OSError:
        limit = 128
    return min(limit, 1024)


def environment() -> dict[str, str]:
    """What uwsgi.ini reads."""
    return {
        "WEB_BIND": env_str("WEB_BIND") or f"127.0.0.1:{env_int('HTTP_PORT', 8000, 1, 65535)}",
        "WEB_PROCESSES": str(env_int("WEB_PROCESSES", 2, 1, 1000)),
        "WEB_THREADS": str(env_int("WEB_THREADS", 4, 1, 1000)),
    }
