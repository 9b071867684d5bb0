"""SQL on one connection that is kept: a `docker exec` for each statement would be load of its own."""

import json
import subprocess
from pathlib import Path
from typing import Any


class Database:
    """Speaks with bench.probes.sql, which `command` starts."""

    def __init__(self, command: list[str], env: dict[str, str], folder: Path) -> None:
        pipe = subprocess.PIPE
        self._client = subprocess.Popen(command, cwd=folder, env=env, stdin=pipe, stdout=pipe, text=True)

    def rows(self, statement: str) -> list[list[Any]]:
        """The rows of a statement; AssertionError where it fails, and then the reason is on standard error."""
        assert self._client.stdin
        assert self._client.stdout
        self._client.stdin.write(json.dumps(statement) + "\n")
        self._client.stdin.flush()
        line = self._client.stdout.readline()
        assert line, f"no answer to: {statement}"
        found: list[list[Any]] = json.loads(line)
        return found

    def close(self) -> None:
        """End it."""
        self._client.kill()
        self._client.communicate()
