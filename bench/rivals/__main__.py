"""./run.sh bench rivals: the same work by Abacus and by others on one MySQL, how fast, and what is left after kills.

README.md in bench/ tells the method.
"""

import argparse
import dataclasses
import re
import secrets
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import markdown
from bench.rivals import tables
from bench.rivals.kill import Outcome, Plan, kill, merged
from bench.rivals.measure import measure
from bench.rivals.roster import KILLED, RIVALS
from bench.rivals.stand import Stand
from support.stack import docker_missing

SHORT_TASKS, SHORT_SAMPLES = 300, 20
SHORT_PLAN = Plan(0, kills=2, outages=1, seconds=15.0)
PACKAGES = ("celery", "dramatiq", "huey", "rq", "django-rq", "django-tasks-db", "django-ox", "dj-queue", "django-q2")


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./run.sh bench rivals", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=int, default=3_000, help="for each number; a batch has ten times as many")
    parser.add_argument("--samples", type=int, default=200, help="tasks for the latency")
    parser.add_argument("--rounds", type=int, default=3, help="in turn; of the kills, with one seed more each")
    parser.add_argument("--only", metavar="NAMES", help=f"of {', '.join(RIVALS)}")
    parser.add_argument("--seed", type=int, help="of the kills' moments (default: by chance; it is told)")
    parser.add_argument("--speed", action="store_true", help="no kills")
    parser.add_argument("--kill", action="store_true", help="kills alone")
    parser.add_argument("--short", action="store_true", help="few of each, to see whether it works")
    chosen = parser.parse_args(given)
    chosen.names = chosen.only.split(",") if chosen.only else list(RIVALS)
    if unknown := set(chosen.names) - set(RIVALS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(RIVALS)}")
    if chosen.short:
        chosen.tasks, chosen.samples = min(chosen.tasks, SHORT_TASKS), min(chosen.samples, SHORT_SAMPLES)
        chosen.rounds = 1
    chosen.seed = chosen.seed if chosen.seed is not None else secrets.randbelow(1_000_000)
    # Who is named is killed, too, if it can be told how long its recovery takes.
    chosen.killed = [name for name in chosen.names if (name in KILLED or chosen.only) and RIVALS[name].finds]
    chosen.parts = {"speed"} if chosen.speed else {"kill"} if chosen.kill else {"speed", "kill"}
    return chosen


def main(given: Sequence[str]) -> None:
    """Measure, kill, tell."""
    chosen = arguments(given)
    if reason := docker_missing():
        sys.exit(f"abacus: {reason.replace('run these tests', 'run the bench')}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("abacus: stopped"))  # what was started goes down all the same
    with Stand(chosen.names) as stand:
        parts = []
        if "speed" in chosen.parts:
            parts += speed(stand, chosen)
        if "kill" in chosen.parts and chosen.killed:
            parts += killed(stand, chosen)
        parts += ["Each is set up by its own pages (`bench/rivals/setups/`):", tables.pages(chosen.names)]
        head = ["# Rivals: the same work by others", f"{markdown.about(stand)} {versions()}."]
    if chosen.short or chosen.only or len(chosen.parts) == 1:
        print("\n\n".join([*head, *parts]))
    else:
        markdown.write("rivals.md", *head, *parts)


def speed(stand: Stand, chosen: argparse.Namespace) -> list[str]:
    """All in turn, round by round, there and back."""
    rounds: tables.Rounds = {name: [] for name in chosen.names}
    for number in range(chosen.rounds):
        for name in chosen.names if number % 2 == 0 else chosen.names[::-1]:
            rounds[name].append(measure(stand, name, chosen.tasks, chosen.samples))
            say(f"round {number + 1} {name}: {rounds[name][-1]}")
    words = (
        f"{chosen.tasks:,} tasks for each number (a batch: ten times as many), {chosen.rounds} rounds in turn: median "
        "(least–most), the best of a column in bold. A task is a row: *enqueue* stores it and sends its message; the "
        "worker reads it, multiplies and writes it. *drain*: the queue is full, and nothing else runs. *both at once*: "
        "from the first row until the last outcome. *idle latency*: one at a time, 50 ms apart, from before the row "
        "until its outcome is seen. CPU is of the drain."
    )
    return ["## How fast", words, tables.speed(rounds), tables.against(rounds)]


def killed(stand: Stand, chosen: argparse.Namespace) -> list[str]:
    """Each rival under each plan."""
    outcomes: dict[str, list[Outcome]] = {name: [] for name in chosen.killed}
    size = SHORT_PLAN if chosen.short else Plan(0)
    plans = [dataclasses.replace(size, seed=chosen.seed + number) for number in range(chosen.rounds)]
    for plan in plans:
        say(f"seed {plan.seed}")
        for name in chosen.killed:
            outcomes[name].append(kill(stand, name, plan))
            say(f"killed {name}: {outcomes[name][-1]}")
    plan = plans[0]
    words = (
        f"{plan.rate:g} tasks a second for {plan.seconds:g} s, in which a process of the worker's container, any of "
        f"them, is killed {plan.kills} times (SIGKILL) and MySQL or the broker, by chance, {plan.outages} times; what "
        f"ends is started again by Docker. Seeds {', '.join(str(plan.seed) for plan in plans)}: the same moments for "
        "all. *accepted*: `enqueue` returned. *lost*: accepted and without a result when nothing had changed for "
        "longer than the rival takes to find what its dead held (last column; where not all ended, that time stands "
        "there). *told as failed*: of those, the rival's own record says so. *run twice*: the work began more than "
        "once. *effect twice*: its result was written and committed more than once (counted by a trigger)."
    )
    return ["## Killed", words, tables.killed({name: merged(found) for name, found in outcomes.items()})]


def versions() -> str:
    """Which they are, by their lock."""
    pins = Path(__file__).with_name("requirements.txt").read_text(encoding="utf-8")
    found = dict(re.findall(r"^(\S+)==(\S+)", pins, re.MULTILINE))
    return ", ".join(f"{name} {found[name]}" for name in PACKAGES)


def say(words: str) -> None:
    """For whoever waits."""
    print(f"abacus: {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
