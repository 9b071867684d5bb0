"""On what it was measured: the machine and the versions, and nothing that names a host or a path."""

import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from bench.stand import Stand
from support.stack import ROOT

PACKAGES = ("django", "celery", "kombu", "redis", "mysqlclient", "pyuwsgi", "django-ninja", "django-celery-results")
VERSIONS = f"""
import platform
from importlib.metadata import version
print("Python", platform.python_version(), *(f", {{name}} {{version(name)}}" for name in {PACKAGES}))
"""


def description(stand: Stand) -> list[str]:
    """One line each: when, what, where, with what."""
    return [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit()}",
        f"{cores()}, {memory()}, Linux {platform.release()}",
        stand.compose("exec", "-T", "probe", "python", "-c", VERSIONS).strip().replace(" ,", ","),
        ", ".join(servers(stand)),
    ]


def commit() -> str:
    """The commit, and whether files differ from it."""
    try:
        git = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
        changes = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        return "unknown"
    if git.returncode:
        return "unknown"
    return git.stdout.strip() + (" with changes" if changes.stdout else "")


def cores() -> str:
    """How many, and their model."""
    models = re.findall(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return f"{len(models)} cores ({models[0] if models else platform.machine()})"


def memory() -> str:
    """All of it."""
    found = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text(encoding="utf-8"))
    return f"{int(found[1]) / 1024**2:.0f} GB memory" if found else "unknown memory"


def servers(stand: Stand) -> list[str]:
    """MySQL, Redis, HAProxy, Docker."""
    [[mysql]] = stand.rows("SELECT VERSION()")
    redis = stand.compose("exec", "-T", "redis", "redis-server", "--version")
    haproxy = stand.compose("exec", "-T", "haproxy", "haproxy", "-v")
    docker = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True, check=True
    )
    return [
        f"MySQL {mysql}",
        f"Redis {match('v=', redis)}",
        f"HAProxy {match('version ', haproxy)}",
        f"Docker {docker.stdout.strip()}",
    ]


def match(before: str, text: str) -> str:
    """The word after `before`."""
    found = re.search(rf"{before}(\S+)", text)
    return found[1] if found else "unknown"
