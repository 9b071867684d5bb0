"""What a change costs or saves: this checkout against another one, in one call. ./run.sh bench against --other FOLDER

    git worktree add /tmp/before v1.0.0
    ./run.sh bench against --other /tmp/before

Both stacks run, each from its own checkout and image; they are measured in turn, and the one that is not measured has
nothing to do. Per round one ratio is taken, this one to the other; the table tells their median. The references are
not started: README.md in this folder tells the rest of the method, which is the same.
"""

import argparse
import json
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench import batch, cached, scale, through
from bench.__main__ import missing, quiet, say
from bench.create import LONG, WARM_UP
from bench.latency import percentile
from bench.load import wrk
from bench.machine import cores
from bench.machine import memory as machine_memory
from bench.memory import largest
from bench.plan import SHORT, Plan
from bench.report import Cost, Figure, Report
from bench.sides import OURS
from bench.stand import Stand
from support.http import ask
from support.stack import ROOT, Stack

SERVICES = ("haproxy", "celery", "probe", "beat")  # the last where a version has it
SAMPLES = """
import json, random, sys, time
from bench.probes.latency import IDLE, SIDES, Side
side, took = Side(*SIDES["ours"]), []
side.sample()
for _ in range(int(sys.argv[1])):
    time.sleep(random.uniform(*IDLE))
    took.append(1000 * side.sample())
print(json.dumps(took))
"""


class Version(Stand):
    """The stack of one checkout, without the references."""

    def __init__(self, name: str, root: Path, static: Path) -> None:
        super().__init__(static, f"abacus-bench-{name}")
        self.root, self.name, self.listed = root, name, False

    def up(self, *arguments: str, **env: str) -> None:
        """Until all is well."""
        there = self.compose("config", "--services").split()
        Stack.up(self, *arguments, *(name for name in SERVICES if name in there), **env)

    def stop_workers(self) -> None:
        """What is stored from now on waits."""
        self.compose("stop", "celery")

    def start_workers(self) -> None:
        """And runs now."""
        self.compose("start", "celery")
        self.wait_healthy("celery")


def latency(stand: Version, plan: Plan, report: Report) -> dict[str, float]:
    """One task at a time."""
    stand.settle()
    samples = json.loads(stand.compose("exec", "-T", "probe", "python", "-c", SAMPLES, str(plan.samples)))
    return {f"one task, idle: p{percent}, ms": percentile(samples, percent) for percent in (50, 99)}


def create(stand: Version, plan: Plan, report: Report) -> dict[str, float]:
    """One task per request, while no worker runs; then all of them."""
    mark = OURS.mark(stand)
    stand.stop_workers()
    OURS.create(stand, WARM_UP)
    stand.settle()
    with stand.meter() as meter:
        load = OURS.create(stand, plan.seconds)
    report.costs.append(Cost("B1", stand.name, meter.per(load.accepted), meter.busy))
    stand.start_workers()
    stand.wait_ended(OURS.table, mark, LONG)
    outcome = OURS.outcome(stand, mark)
    assert outcome.right == outcome.tasks, outcome
    return {"created, no worker runs, /s": load.rate}


def whole(stand: Version, plan: Plan, report: Report) -> dict[str, float]:
    """One task per request, until all are success."""
    found = Report()
    rate, created = through.run(stand, OURS, plan.seconds, found)
    report.costs += [Cost(cost.bar, stand.name, cost.by_service, cost.busy) for cost in found.costs]
    return {"one by one until all are success, /s": rate, "… created meanwhile, /s": created}


def lists(stand: Version, plan: Plan, report: Report) -> dict[str, float]:
    """The lists that are the same for everyone, as HAProxy's cache answers them."""
    if not stand.listed:
        mark = OURS.mark(stand)
        for number in range(cached.PAGE):
            ask("POST", f"{stand.url}/api/tasks", {"x": str(number), "task_type": "add", "y": "1"})
        stand.wait_ended(OURS.table, mark, 60)
        stand.listed = True
    rates = {}
    for path in cached.LISTS.values():
        stand.settle()
        rates[f"GET {path} through the cache, /s"] = wrk(f"{stand.address('haproxy')}{path}", plan.seconds).rate
    return rates


def memory(stand: Version, plan: Plan, report: Report) -> dict[str, float]:
    """The largest processes after one more upload."""
    batch.run(stand, plan.batch, Report())
    return {f"largest process of {service}, MB": largest(stand, service) for service in ("web", "celery")}


def scaled(stand: Version, plan: Plan, report: Report) -> dict[str, float]:
    """Two containers of a kind."""
    scale.scale(stand, "web", 2)
    created = scale.create(stand, plan, Report(), 2)
    scale.scale(stand, "web", 1)
    scale.scale(stand, "celery", 2)
    drained = batch.drain(stand, plan.batch, Report(), "B8", stand.name)
    scale.scale(stand, "celery", 1)
    return {"create, two web containers, /s": created, "a batch's work, two celery containers, /s": drained}


def drain(stand: Version, plan: Plan, report: Report) -> dict[str, float]:
    """A batch whose messages wait before the workers start."""
    return {"a batch, its work alone, /s": batch.drain(stand, plan.batch, report, "B3", stand.name)}


MEASURES: dict[str, Callable[[Version, Plan, Report], dict[str, float]]] = {
    "B6": latency,
    "B1": create,
    "B2": whole,
    "B3": drain,
    "B5": lists,
    "B7": memory,
    "B8": scaled,
}
# Of their CPU time per task a line is told of its own.
PARTS = ("mysql", "celery", "web")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./run.sh bench against", description="This checkout against another one.")
    parser.add_argument("--other", type=Path, metavar="FOLDER", required=True, help="the other checkout")
    parser.add_argument("--short", action="store_true", help="one round, small: whether it works")
    parser.add_argument("--only", metavar="B1,B3", help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"of each measurement (default {Plan.rounds})")
    parser.add_argument("--output", type=Path, metavar="FILE", help="Markdown, besides the terminal")
    given = parser.parse_args()
    given.chosen = given.only.split(",") if given.only else list(MEASURES)
    if unknown := set(given.chosen) - set(MEASURES):
        parser.error(f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(MEASURES)}")
    if not (given.other / "bench" / "docker-compose.yaml").exists():
        parser.error(f"{given.other} is no checkout of this project")
    return given


def compare(both: tuple[Version, Version], plan: Plan, rounds: int, bar: str) -> Report:
    """One measurement of both, in turn; every second round the other one begins."""
    report, found = Report(), {version.name: dict[str, list[float]]() for version in both}
    for number in range(rounds):
        for version in both if number % 2 else both[::-1]:
            for what, value in MEASURES[bar](version, plan, report).items():
                found[version.name].setdefault(what, []).append(value)
    this, other = (found[version.name] for version in both)
    report.figures = [Figure(bar, what, this[what], "", other[what], "the other") for what in this]
    for part in PARTS if report.costs else ():
        ours, theirs = ([cost.by_service.get(part, 0.0) for cost in report.costs if cost.what == v.name] for v in both)
        if statistics.median(theirs) > 0.01:  # ms: else it has nothing to do in this
            report.figures.append(Figure(bar, f"CPU of {part}, ms per task", ours, "", theirs, "the other"))
    return report


def main() -> None:
    """Measure and tell."""
    given = arguments()
    if reason := missing():
        sys.exit(f"abacus: {reason}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("abacus: stopped"))  # what was started goes down all the same
    plan, whole = SHORT if given.short else Plan(), Report()
    with tempfile.TemporaryDirectory(prefix="abacus-bench-") as static, ExitStack() as running:
        say("starting both stacks")
        folders = {"this": ROOT, "other": given.other.resolve()}
        this, other = (Version(name, root, Path(static)) for name, root in folders.items())
        for version in (this, other):
            running.enter_context(version)
        try:
            for bar in given.chosen:
                report = compare((this, other), plan, given.rounds or plan.rounds, bar)
                whole.figures += report.figures
                whole.costs += report.costs
                say(f"{bar} is done")
            whole.notes.append(quiet(this.noise + other.noise))
        finally:  # what was found before a failure or a stop is told, too
            text = f"# This checkout against another\n\n- {cores()}, {machine_memory()}\n\n{whole.markdown()}"
            print(text, flush=True)
    if given.output:
        given.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
