"""SECURITY.md's commands that change a secret, as they are followed."""

import re
import subprocess
from pathlib import Path

from support.stack import ROOT, Stack


def documented(secret: str, after: bool = False) -> str:
    """The command in SECURITY.md's row of a secret, before or after the change."""
    (row,) = (line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith(f"| {secret}"))
    (command,) = re.findall(r"`(docker compose [^`]*)`", row.split(" | ")[2 if after else 1])
    return str(command)


def follow(stack: Stack, command: str, file: Path | None = None) -> None:
    """Run it in a shell, on the stack; FILE is the new secret's."""
    env = {**stack.env, "COMPOSE_PROJECT_NAME": stack.project}
    if stack.files:
        env["COMPOSE_FILE"] = ":".join(stack.files)
    command = command.replace("<FILE", f"<{file}")
    done = subprocess.run(command, shell=True, cwd=stack.root, env=env, capture_output=True, text=True)
    assert done.returncode == 0, (command, done.stderr)
