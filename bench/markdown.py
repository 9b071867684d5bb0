"""Results as Markdown: a sentence on where they come from, tables, and the file that keeps them."""

import os
import platform
import re
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from support.stack import ROOT, Stack

RESULTS = Path(__file__).parent / "results"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose columns but the first are numbers, unless a head starts with a space."""
    rule = ["---", *("---" if name.startswith(" ") else "---:" for name in head[1:])]
    lines = [[name.strip() for name in head], rule, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def about(stack: Stack) -> str:
    """When, on what and of which commit it was measured."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    models = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    cpu = models[1] if models else platform.machine()
    mysql = stack.sql("SELECT VERSION()")[0][0]
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d} at {commit.stdout.strip() or 'no commit'} "
        f"on {os.cpu_count()} x {cpu}, which everything shares; MySQL {mysql}, fully durable."
    )


def write(name: str, *parts: str) -> None:
    """Keep it under results/, and show it."""
    text = "\n\n".join(part.strip() for part in parts) + "\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / name).write_text(text, encoding="utf-8")
    print(text)
