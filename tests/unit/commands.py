"""Python and manage.py in a process of their own, with an environment of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

WEB = Path(__file__).resolve().parent.parent.parent / "web"
KEY = "0123456789" * 6
REMOTE = {"MYSQL_HOST": "db.example", "MYSQL_PASSWORD": "mysql-pass", "REDIS_HOST": "redis.example"}


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


def load(data: Path, *names: str, **env: str) -> dict[str, Any]:
    """The named settings, as a fresh process reads them (mysqlclient need not be installed)."""
    script = f"import json, config.settings as s; print(json.dumps({{n: getattr(s, n) for n in {names}}}, default=str))"
    result = python("-c", script, data=data, **env)
    assert result.returncode == 0, result.stderr
    values: dict[str, Any] = json.loads(result.stdout)
    return values


def django(env: dict[str, str]) -> dict[str, str]:
    """The same, with Django told where its settings are."""
    return {"DJANGO_SETTINGS_MODULE": "config.settings", **env}
