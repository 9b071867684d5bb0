"""./run.sh bench: measures the stack as a user starts it, against references beside it.

README.md in this folder tells the method.
"""

import argparse
import dataclasses
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import batch, beside, cached, create, latency, machine, memory, scale, through
from bench.plan import SHORT, Plan
from bench.report import Report
from bench.stand import Stand
from support.stack import ROOT, docker_missing

# Idle first, while the tables are small and nothing is in the caches of the machine.
BENCHES: dict[str, Callable[[Stand, Plan, Report], None]] = {
    "B6": latency.measure,
    "B1": create.measure,
    "B2": through.measure,
    "B3": batch.measure,
    "B5": cached.measure,
    "B7": memory.measure,
    "B8": scale.measure,
    "B9": beside.measure,
}
IN_SHORT = ("B6", "B1", "B2", "B3", "B5")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./run.sh bench", description="Measure, and compare with the bars.")
    parser.add_argument("--short", action="store_true", help="three minutes: few rounds, B7 and B8 left out, no file")
    parser.add_argument("--only", metavar="B1,B3", help=f"of {', '.join(sorted(BENCHES))}")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"of each comparison (default {Plan.rounds})")
    parser.add_argument("--tasks", type=int, metavar="N", help=f"while memory is watched (default {Plan.tasks:,})")
    parser.add_argument("--output", type=Path, metavar="FILE", help="Markdown (default: bench/results/DATE-COMMIT.md)")
    given = parser.parse_args()
    given.chosen = given.only.split(",") if given.only else IN_SHORT if given.short else list(BENCHES)
    if unknown := set(given.chosen) - set(BENCHES):
        parser.error(f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(sorted(BENCHES))}")
    return given


def planned(given: argparse.Namespace) -> Plan:
    """How much the command line asks for."""
    plan = SHORT if given.short else Plan()
    if given.rounds:
        plan = dataclasses.replace(plan, rounds=given.rounds, batches=given.rounds)
    return dataclasses.replace(plan, tasks=given.tasks or plan.tasks)


def missing() -> str:
    """What the bench needs and this machine lacks."""
    if not sys.platform.startswith("linux"):
        return "the bench reads Linux's CPU counts and container addresses: run it on Linux"
    if not shutil.which("wrk"):
        return "there is no wrk, the load tool: install it (Debian and Ubuntu: sudo apt-get install wrk)"
    return docker_missing().replace("run these tests", "run the bench")


def main() -> None:
    """Measure what is asked for and tell."""
    given = arguments()
    if reason := missing():
        sys.exit(f"abacus: {reason}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("abacus: stopped"))  # what was started goes down all the same
    plan, report = planned(given), Report()
    with tempfile.TemporaryDirectory(prefix="abacus-bench-") as static:
        say("starting the stack and its references")
        with Stand(Path(static)) as stand:
            about = machine.description(stand)
            try:
                measure(stand, plan, report, given.chosen)
            finally:  # what was found before a failure or a stop is told, too
                text = document(about, plan, report)
                print(text, flush=True)
    if given.output or not given.short:
        write(given.output or default_path(given.only), text)


def measure(stand: Stand, plan: Plan, report: Report, chosen: Sequence[str]) -> None:
    """One after the other, in the order of BENCHES."""
    for name, bench in BENCHES.items():
        if name in chosen:
            started = time.monotonic()
            bench(stand, plan, report)
            say(f"{name} took {time.monotonic() - started:.0f} s")
    report.notes.append(quiet(stand.noise))


def quiet(noise: list[float]) -> str:
    """What else ran on the machine spoils the figures: how busy it was when nothing of ours was asked for."""
    return (
        f"Just before the {len(noise)} measurements the cores were busy by {statistics.median(noise):.0%} "
        f"({min(noise):.0%}–{max(noise):.0%})."
    )


def say(words: str) -> None:
    """For whoever waits."""
    print(f"abacus: {words}", file=sys.stderr, flush=True)


def document(about: list[str], plan: Plan, report: Report) -> str:
    """The Markdown page."""
    size = f"{plan.rounds} rounds, each load {plan.seconds} s; the ratio is taken round by round, its median counts"
    lines = "\n".join(f"- {line}" for line in [*about, size])
    return f"# What was measured\n\n{lines}\n\n{report.markdown()}"


def default_path(only: str | None) -> Path:
    """By day and commit, and what was chosen."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    parts = [f"{datetime.now(UTC):%Y-%m-%d}", commit.stdout.strip() or "no-commit", *(only.split(",") if only else [])]
    return ROOT / "bench" / "results" / f"{'-'.join(parts)}.md"


def write(path: Path, text: str) -> None:
    """Keep it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    say(f"written to {path}")


if __name__ == "__main__":
    main()
