"""A million tasks while a nemesis, drawn from a seed, kills, stops, freezes, cuts, wipes, scales and rolls out.

./run.sh bench proof --tasks 1000000 --seed 1; the last run of each seed is kept as results/proof-SEED.md.
"""

import argparse
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from bench import markdown
from bench.proof.nemesis import Nemesis, Round
from bench.proof.verdict import Verdict, judge, ledger, witness
from support.stack import ROOT, Stack
from support.waiting import wait_for

SETTLE_SECONDS = 300.0
WAITING = "SELECT COUNT(*) FROM math_task WHERE status IN ('scheduled', 'created')"
RECOVERED = 10.0  # seconds, for 99 of 100


def run(stack: Stack, tasks: int, seed: int, folder: Path) -> tuple[Verdict, Nemesis, float]:
    """The clients, and the nemesis as long as they go on; then all has to end."""
    path = folder / "ledger"
    began = time.monotonic()
    witness(stack)
    command = [sys.executable, "-m", "bench.proof.clients", str(stack.port), str(tasks), str(path)]
    nemesis = Nemesis(stack, seed, say)
    with subprocess.Popen(command, cwd=ROOT) as clients:
        try:
            nemesis.start()
            code = clients.wait()
            nemesis.stop()
        except BaseException:
            clients.terminate()
            nemesis.stopping.set()
            raise
    assert code == 0, "the clients broke"
    with suppress(AssertionError):  # what has not ended then is told as lost
        wait_for(lambda: stack.sql(WAITING) == [["0"]], SETTLE_SECONDS, "every task has ended", every=1)
    took = time.monotonic() - began
    return judge(stack, ledger(path), nemesis.rounds), nemesis, took


def say(line: str) -> None:
    """To whoever watches."""
    print(line, file=sys.stderr, flush=True)


def told(verdict: Verdict, rounds: list[Round], took: float) -> str:
    """The table of what was counted."""
    times = sorted(itertools.chain.from_iterable(verdict.recoveries)) or [0.0]
    numbers = {
        "accepted": f"{verdict.accepted:,}",
        "lost": f"{verdict.lost:,}",
        "doubled (outcome written twice, by a trigger in MySQL)": f"{verdict.doubled:,}",
        "wrong": f"{verdict.wrong:,}",
        "rows whose creator got no answer": f"{verdict.unknown:,}",
        "rounds of faults": f"{len(rounds)}, {sum(len(each.faults) for each in rounds)} faults",
        "time": f"{took / 60:.0f} min",
        "single tasks that a round held up": f"{len(times):,}",
        "their outcome after its end, s: p50, p99, max": (
            f"{statistics.median(times):.1f}, {times[int(len(times) * 0.99)]:.1f}, {times[-1]:.1f}"
        ),
        "well after the end of a round, s: p50, max": (
            f"{statistics.median(each.well - each.over for each in rounds):.1f}, "
            f"{max(each.well - each.over for each in rounds):.1f}"
        ),
    }
    return markdown.table(["what", "number"], [[name, value] for name, value in numbers.items()])


def failures(verdict: Verdict) -> str:
    """Failed requests by class, and what was away meanwhile."""
    rows = [[what, failure, part, f"{count:,}"] for (what, failure, part), count in sorted(verdict.failures.items())]
    return markdown.table(["request", " failure", " away meanwhile", "requests"], rows or [["none", "", "", "0"]])


def schedule(rounds: list[Round], recoveries: list[list[float]]) -> str:
    """All that went wrong, in its order, and what it held up."""
    start = rounds[0].began
    rows = [
        [
            f"{each.began - start:.0f} s",
            ", ".join(map(str, each.faults)),
            f"{each.over - each.began:.0f}",
            f"{each.well - each.over:.1f}",
            f"{len(times):,}",
            f"{max(times, default=0):.1f}",
            "; ".join(" ".join(trouble.split()) for trouble in each.troubles),
        ]
        for each, times in zip(rounds, recoveries, strict=True)
    ]
    heads = ["at", " faults", "lasted, s", "well after, s", "held up", "the last of them after, s", " not done"]
    return markdown.table(heads, rows)


def main(argv: list[str]) -> int:
    """Run it, and write down what came of it."""
    parser = argparse.ArgumentParser(prog="bench proof", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=int, default=1_000_000, help="until so many are accepted")
    parser.add_argument("--seed", type=int, required=True, help="of what goes wrong, and when")
    chosen = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder, Stack("bench-proof", APP_IMAGE="abacus-bench-proof") as stack:
        stack.up("--scale", "web=2", "--scale", "celery=2")
        verdict, nemesis, took = run(stack, chosen.tasks, chosen.seed, Path(folder))
        about = markdown.about(stack)
    words = (
        f"`./run.sh bench proof --tasks {chosen.tasks} --seed {chosen.seed}`: two web containers and two workers; "
        "single tasks and batches through HAProxy; one to three faults at once, then calm for a while, until so many "
        "were accepted."
    )
    parts = [
        told(verdict, nemesis.rounds, took),
        "## Failed requests",
        failures(verdict),
        "## What went wrong, and when",
        schedule(nemesis.rounds, verdict.recoveries),
    ]
    markdown.write(f"proof-{chosen.seed}.md", "# Proof", about, words, *parts)
    return 0 if verdict.held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
