"""What each request and each message costs its process: statements, CPU, and where that goes. python -m bench.hotpaths

Runs in the stack's web container while nothing else runs. Writes results/hotpaths.md.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench import markdown
from support.http import create
from support.stack import Stack

INSIDE = Path(__file__).with_name("hotpaths_inside.py")
FILLED = 1_000
NOTES = """
Statements are calls of MySQL by the path itself (a creation's two go in one); a kept connection is tried with one more
(a ping) after a second of rest. *CPU* is that of the Python process alone, without the profiler; *clock* includes
MySQL. The shares are those of the profiler, which makes small functions look dearer than they are; waiting for MySQL's
answer counts as its client's.
"""


def measure() -> tuple[dict[str, Any], str]:
    """The figures, and where they come from."""
    with Stack("bench-hotpaths", APP_IMAGE="abacus-bench-hotpaths") as stack:
        for number in range(FILLED):
            create(stack.url, str(number), "add", "1")
        stack.compose("stop", "celery", "haproxy")
        source = "import django\ndjango.setup()\n" + INSIDE.read_text(encoding="utf-8")
        settings = ("-w", "/app/web", "-e", "DJANGO_SETTINGS_MODULE=config.settings", "-e", "LOG_LEVEL=WARNING")
        out = stack.compose("exec", "-T", *settings, "web", "python", "-c", source)
        return json.loads(out.splitlines()[-1]), markdown.about(stack)


def main(argv: list[str]) -> int:
    """Measure and write the tables."""
    argparse.ArgumentParser(prog="bench.hotpaths", description=(__doc__ or "").splitlines()[0]).parse_args(argv)
    found, about = measure()
    parts = sorted({part for path in found.values() for part in path["shares"]})
    head = ["path", "statements", "CPU ms", "clock ms", *parts]
    rows = [
        [
            name,
            str(path["statements"]),
            f"{path['cpu']:.2f}",
            f"{path['wall']:.2f}",
            *(f"{path['shares'].get(part, 0):.0%}" for part in parts),
        ]
        for name, path in found.items()
    ]
    markdown.write("hotpaths.md", "# What each path costs", about, markdown.table(head, rows), NOTES)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
