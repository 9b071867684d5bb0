"""What was found: figures with their spread, costs, and the Markdown of both."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

SHARE = 0.02  # of what a task costs: a container below it has no column


@dataclass(frozen=True)
class Spread:
    """A median and its bounds."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{short(self.median)} ({short(self.least)}–{short(self.most)})"


def spread(values: Sequence[float]) -> Spread:
    """Of one value per round."""
    return Spread(statistics.median(values), min(values), max(values))


def short(value: float) -> str:
    """Three digits that mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def ratios(ours: Sequence[float], reference: Sequence[float]) -> list[float]:
    """Round by round: what was measured one after the other is compared, so that a slow minute hits both."""
    return [one / other if other else math.inf for one, other in zip(ours, reference, strict=True)]


@dataclass(frozen=True)
class Figure:
    """One line of the table: values of ours and of the reference, one per round; a bar for the ratio, or for ours."""

    bar: str
    what: str
    ours: list[float]
    unit: str
    reference: list[float] = field(default_factory=list)
    against: str = ""
    target: float | None = None
    at_most: bool = False

    @property
    def judged(self) -> Spread:
        """What the bar is about."""
        return spread(ratios(self.ours, self.reference) if self.reference else self.ours)

    @property
    def met(self) -> bool | None:
        """Whether the median keeps the bar; None without a bar."""
        if self.target is None:
            return None
        return self.judged.median <= self.target if self.at_most else self.judged.median >= self.target

    def cells(self) -> list[str]:
        """The line of the table."""
        unit = "" if self.reference else self.unit
        target = f"{'≤' if self.at_most else '≥'} {short(self.target)}{unit}" if self.target is not None else ""
        return [
            self.bar,
            self.what,
            f"{spread(self.ours)}{self.unit}",
            f"{self.against}: {spread(self.reference)}{self.unit}" if self.reference else "",
            str(self.judged) if self.reference else "",
            target,
            {None: "", True: "yes", False: "**no**"}[self.met],
        ]


@dataclass(frozen=True)
class Cost:
    """CPU milliseconds per task, by service, and how busy the machine was."""

    bar: str
    what: str
    by_service: dict[str, float]
    busy: float


@dataclass
class Report:
    """All that one call found."""

    figures: list[Figure] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """The tables and the notes."""
        head = ["", "what", "ours, median (min–max)", "reference", "ratio", "bar", "met"]
        parts = [table(head, [figure.cells() for figure in sorted(self.figures, key=lambda figure: figure.bar)])]
        if self.costs:
            parts.append("CPU milliseconds per task or request, by container, and how busy all cores were:")
            bars = sorted({cost.bar for cost in self.costs})
            parts += [cost_table([cost for cost in self.costs if cost.bar == bar]) for bar in bars]
        if self.notes:
            parts.append("\n".join(f"- {note}" for note in self.notes))
        return "\n\n".join(parts) + "\n"


def cost_table(costs: Sequence[Cost]) -> str:
    """A line per side, the mean of its rounds; a column per service that matters, the largest first."""
    lines = {}
    for what in dict.fromkeys(cost.what for cost in costs):
        rounds = [cost for cost in costs if cost.what == what]
        lines[what] = mean([cost.by_service for cost in rounds]), statistics.mean(cost.busy for cost in rounds)
    shares = [{name: value / sum(line.values()) for name, value in line.items()} for line, _ in lines.values()]
    largest = {name: max(share.get(name, 0.0) for share in shares) for share in shares for name in share}
    names = sorted((name for name in largest if largest[name] >= SHARE), key=lambda name: -largest[name])
    rows = [
        [what, *(f"{line.get(name, 0):.3f}" for name in names), f"{busy:.0%}"] for what, (line, busy) in lines.items()
    ]
    return table([costs[0].bar, *names, "busy"], rows)


def mean(maps: Sequence[dict[str, float]]) -> dict[str, float]:
    """Key by key."""
    names = dict.fromkeys(name for one in maps for name in one)
    return {name: statistics.mean(one.get(name, 0.0) for one in maps) for name in names}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
