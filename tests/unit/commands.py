"""Python and manage.py in a process of their own, with an environment of their own."""

import os
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parent.parent.parent / "web"
KEY = "0123456789" * 6


def environment(data: Path, **env: str) -> dict[str, str]:
    """What a user's shell has, a data folder and a key."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "DATA_DIR": str(data), "RUN_DIR": str(data), "DJANGO_SECRET_KEY": KEY, **env}


def python(*arguments: str, data: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end, in the folder of manage.py."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=WEB, env=environment(data, **env), capture_output=True, text=True, timeout=120, check=False
    )


def manage(*arguments: str, data: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """manage.py, to its end."""
    return python("manage.py", *arguments, data=data, **env)
