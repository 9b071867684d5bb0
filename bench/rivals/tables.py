"""What was found, as Markdown."""

from collections.abc import Sequence

from bench.markdown import table
from bench.report import ratios, short, spread
from bench.rivals.code import lines
from bench.rivals.kill import Outcome
from bench.rivals.measure import Round
from bench.rivals.roster import BASELINE, RIVALS

SPEED = {
    "enqueue": "enqueue/s",
    "drain": "drain/s",
    "both": "both at once/s",
    "p50": "idle latency p50 ms",
    "p99": "p99 ms",
    "worker": "worker CPU ms/task",
    "mysql": "MySQL CPU ms/task",
    "broker": "broker CPU ms/task",
}
RATED = ("enqueue", "drain", "both", "worker", "mysql")
KILL_HEAD = [
    "", "accepted", "refused", "**lost**", "told as failed", "run twice", "**effect twice**",
    "all had ended after s", "slowest s", "median s", " what its dead held it finds by",
]  # fmt: skip
Rounds = dict[str, list[Round]]


def speed(rounds: Rounds) -> str:
    """Medians with their least and most; whose are the best of a column is bold."""
    best = {name: best_of(rounds, name) for name in SPEED}
    rows = []
    for rival, found in rounds.items():
        cells = [cell(found, name, rival in best[name]) for name in SPEED]
        rows.append([RIVALS[rival].title, *cells, str(lines(RIVALS[rival]))])
    return table(["", *SPEED.values(), "lines a user writes"], rows)


def best_of(rounds: Rounds, name: str) -> set[str]:
    """Who has the best median."""
    medians = {rival: spread(values(found, name)).median for rival, found in rounds.items() if values(found, name)}
    pick = max if name in ("enqueue", "drain", "both") else min
    return {rival for rival, median in medians.items() if median == pick(medians.values())}


def values(found: Sequence[Round], name: str) -> list[float]:
    """One per round."""
    return [each[name] for each in found if name in each]


def cell(found: Sequence[Round], name: str, best: bool) -> str:
    """A median with its bounds."""
    if not values(found, name):
        return "–"
    text = spread(values(found, name))
    return f"**{short(text.median)}** ({short(text.least)}–{short(text.most)})" if best else str(text)


def against(rounds: Rounds) -> str:
    """Round by round, what each has of Abacus's batch; nothing where that was not measured."""
    if BASELINE not in rounds:
        return ""
    rows = []
    for rival, found in rounds.items():
        pairs = [ratios(values(found, name), values(rounds[BASELINE], name)) for name in RATED]
        rows.append([RIVALS[rival].title, *(few(spread(pair).median) for pair in pairs)])
    return table([f"of {RIVALS[BASELINE].title}", *(SPEED[name] for name in RATED)], rows)


def few(value: float) -> str:
    """Two digits that mean something, however small it is."""
    return short(value) if value >= 1 else f"{value:.2g}"


def killed(outcomes: dict[str, Outcome]) -> str:
    """A line per rival."""
    rows = []
    for name, each in outcomes.items():
        rival = RIVALS[name]
        after = f"not all, {rival.quiet} s of quiet" if each.ended_after is None else short(each.ended_after)
        gave_up = "–" if each.gave_up is None else str(each.gave_up)
        numbers = [each.accepted, each.refused, each.lost, gave_up, each.run_twice, each.effect_twice]
        times = [after, short(each.slowest), short(each.median)]
        rows.append([rival.title, *map(str, numbers), *times, rival.finds])
    return table(KILL_HEAD, rows)


def pages(names: Sequence[str]) -> str:
    """By which pages they are set up."""
    return "\n".join(f"- {RIVALS[name].title}: {RIVALS[name].docs}" for name in names)
