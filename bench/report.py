"""What was found: figures with their spread, costs, and the Markdown of both."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


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
    return [one / other for one, other in zip(ours, reference, strict=True)]


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
            parts.append("CPU milliseconds per task, by container; in the last column, how busy all cores were:")
            parts.append(self.cost_table())
        if self.notes:
            parts.append("\n".join(f"- {note}" for note in self.notes))
        return "\n\n".join(parts) + "\n"

    def cost_table(self) -> str:
        """A column per service, the largest first."""
        total: dict[str, float] = {}
        for cost in self.costs:
            for name, value in cost.by_service.items():
                total[name] = max(total.get(name, 0), value)
        names = [name for name in sorted(total, key=lambda name: -total[name]) if total[name] >= 0.001]
        rows = [
            [cost.what, *(f"{cost.by_service.get(name, 0):.3f}" for name in names), f"{cost.busy:.0%}"]
            for cost in self.costs
        ]
        return table(["", *names, "busy"], rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
