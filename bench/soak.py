"""Does anything grow under steady load? Half an hour of it, looked at every minute. python -m bench.soak [--minutes N]

The load driver of the fault tests creates and reads, open loop. Writes results/soak.md: per line the first and the last
minute, the slope, and whether that is flat. Memory is what the processes hold (anonymous memory), not the file cache.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import markdown
from support.stack import ROOT, Stack

DRIVER = ROOT / "tests" / "faults" / "load.py"
SERVICES = ("web", "celery", "haproxy", "redis", "mysql")
MINUTE = 60
MB = 1024 * 1024
# Flat: over the whole time the fitted line moves by less than this part of its middle, or by less than the floor.
TOLERANCE = 0.05
MEMORY = (  # cgroup v2, else v1
    "sed -n 's/^anon //p' /sys/fs/cgroup/memory.stat 2>/dev/null | grep . "
    "|| sed -n 's/^total_rss //p' /sys/fs/cgroup/memory/memory.stat"
)
REDIS = 'REDISCLI_AUTH="$(cat /run/secrets/redis_admin_password)" redis-cli --user admin INFO'
Sample = dict[str, float]


@dataclass(frozen=True)
class Line:
    """What is looked at: its unit, the change that is too small to matter, and why it may grow."""

    unit: str
    floor: float
    grows: str = ""


LINES = {
    **{f"{service} memory": Line("MB", 3.0) for service in SERVICES},
    "mysql memory": Line("MB", 3.0, "until its 256 MB of buffers are full"),
    "mysql connections": Line("", 4, "until each web thread and worker process has its own"),
    "redis data": Line("MB", 1.0),
    "redis keys": Line("", 3),
    **{f"{service} log": Line("MB", 0.1, "until three files of 10 MB are full") for service in SERVICES},
    "p99": Line("ms", 50),
    "failures": Line("", 0.5),
    "rows": Line("", 0, "with the tasks, until the purge takes those of 30 days ago"),
}


def execute(stack: Stack, service: str, command: str) -> list[str]:
    """A command in each container of the service."""
    found = []
    for container in stack.containers(service):
        result = subprocess.run(
            ["docker", "exec", container, "sh", "-c", command], capture_output=True, text=True, check=True
        )
        found.append(result.stdout)
    return found


def log_size(stack: Stack, service: str) -> float:
    """Bytes of the service's log files, rotated ones too; they are root's."""
    paths = [Path(str(stack.inspect(container)["LogPath"])) for container in stack.containers(service)]
    return sum(file.stat().st_size for path in paths for file in path.parent.glob(f"{path.name}*"))


def redis(stack: Stack) -> Sample:
    """What Redis holds."""
    lines = [line.partition(":") for line in execute(stack, "redis", REDIS)[0].splitlines()]
    told = {name: value for name, _, value in lines}
    keys = [value for name, value in told.items() if name.startswith("db") and value.startswith("keys=")]
    return {
        "redis data": int(told["used_memory"]) / MB,
        "redis keys": sum(int(value.split(",")[0].removeprefix("keys=")) for value in keys),
    }


def look(stack: Stack) -> Sample:
    """The state of everything now."""
    sample = {f"{service} memory": sum(map(int, execute(stack, service, MEMORY))) / MB for service in SERVICES}
    sample |= {f"{service} log": log_size(stack, service) / MB for service in SERVICES}
    sample["mysql connections"] = int(stack.sql("SHOW GLOBAL STATUS LIKE 'Threads_connected'")[0][1])
    sample["rows"] = int(stack.sql("SELECT COUNT(*) FROM math_task")[0][0])
    return sample | redis(stack)


def load(stack: Stack, rate: float, folder: Path) -> Sample:
    """A minute of load, by a process of its own."""
    path = folder / "report.json"
    command = [sys.executable, str(DRIVER), ",".join(stack.addresses), str(rate), str(MINUTE), str(path)]
    subprocess.run(command, check=True)
    report: dict[str, Any] = json.loads(path.read_text())
    return {"p99": report["p99"] * 1000, "failures": sum(report["failed"].values())}


def soak(stack: Stack, minutes: int, rate: float) -> list[Sample]:
    """Minute by minute; the first, in which everything warms up, is left out."""
    samples = []
    with tempfile.TemporaryDirectory() as folder:
        for minute in range(minutes + 1):
            sample = load(stack, rate, Path(folder)) | look(stack)
            print(f"minute {minute}: {sample}", file=sys.stderr)
            samples.append(sample)
    return samples[1:]


def slope(values: list[float]) -> float:
    """Of the line that fits best, per step; Theil and Sen's, which a single bad minute does not bend."""
    pairs = [(b - a) / (j - i) for i, a in enumerate(values) for j, b in enumerate(values) if i < j]
    return statistics.median(pairs) if pairs else 0.0


def verdict(line: Line, values: list[float]) -> str:
    """Flat, or where it goes."""
    change = slope(values) * (len(values) - 1)
    if abs(change) <= max(line.floor, TOLERANCE * abs(statistics.median(values))):
        return "flat"
    if change < 0:
        return "falls"
    return f"grows, {line.grows}" if line.grows else "GROWS"


def row(name: str, line: Line, values: list[float]) -> list[str]:
    """A row of the table."""
    label = f"{name}, {line.unit}" if line.unit else name
    digits = 1 if line.unit else 0
    first, middle, last = (f"{value:,.{digits}f}" for value in (values[0], statistics.median(values), values[-1]))
    return [label, first, middle, last, f"{slope(values) * 60:+,.{digits}f}", verdict(line, values)]


def main(argv: list[str]) -> int:
    """Load the stack, look at it, write the table."""
    parser = argparse.ArgumentParser(prog="bench.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--rate", type=float, default=200, help="requests per second; half of them create a task")
    chosen = parser.parse_args(argv)
    with Stack("bench-soak", APP_IMAGE="abacus-bench-soak") as stack:
        samples = soak(stack, chosen.minutes, chosen.rate)
        about = markdown.about(stack)
    words = (
        f"{chosen.minutes} minutes at {chosen.rate:g} requests/s (half create a task, half read the list), after one "
        f"to warm up. *Flat*: the fitted line (Theil-Sen) moves by less than {TOLERANCE:.0%} of the median in that "
        "time, or by less than matters. Memory is what the processes hold, without the file cache; a log is what is "
        "on the disk."
    )
    head = ["what", "first", "median", "last", "per hour", " verdict"]
    rows = [row(name, line, [sample[name] for sample in samples]) for name, line in LINES.items()]
    markdown.write("soak.md", "# Soak: what grows under steady load", about, words, markdown.table(head, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
