"""Lines over time as SVG: drawn here, so that a page has them without a script too."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext, gettext_noop

WIDTH, HEIGHT = 600, 100  # of the drawing; the page stretches it
Values = Sequence[float | None]
Say = Callable[[float], str]


@dataclass(frozen=True)
class Line:
    """What is drawn for one row of values: `name` is its class, `now` its newest value in words."""

    name: str
    label: str
    path: str
    area: str
    now: str


@dataclass(frozen=True)
class Plot:
    """Lines over the same time and with the same scale, whose top is `top`."""

    title: str
    top: str
    lines: list[Line]
    width: int = WIDTH
    height: int = HEIGHT


def plot(title: str, say: Say, **rows: tuple[str, Values]) -> Plot:
    """Lines by their class, each with its label and values; None is a gap."""
    top = rounded_up(max((value or 0 for _, values in rows.values() for value in values), default=0))
    lines = [
        Line(name, label, path(values, top), area(values, top), told(values, say))
        for name, (label, values) in rows.items()
    ]
    return Plot(title, say(top), lines)


def told(values: Values, say: Say) -> str:
    """The newest one."""
    return say(values[-1]) if values and values[-1] is not None else "–"


def rounded_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20 ...: a scale that can be read, and that does not move with each value."""
    if value <= 0:
        return 1.0
    power = 10.0 ** (len(f"{value:.0f}") - 1) if value >= 1 else 10.0 ** -(leading_zeros(value) + 1)
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= value * (1 - 1e-9))


def leading_zeros(value: float) -> int:
    """Of a number below one, behind its point."""
    digits = f"{value:.12f}"[2:]
    return len(digits) - len(digits.lstrip("0"))


def points(values: Values, top: float) -> Iterable[list[tuple[float, float]]]:
    """The stretches without a gap."""
    step, stretch = WIDTH / max(1, len(values) - 1), list[tuple[float, float]]()
    for place, value in enumerate(values):
        if value is not None:
            stretch.append((round(place * step, 1), round(HEIGHT - min(value / top, 1.0) * HEIGHT, 1)))
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def path(values: Values, top: float) -> str:
    """The line; a value between two gaps is a dash."""
    parts = []
    for stretch in points(values, top):
        if len(stretch) == 1:
            x, y = stretch[0]
            stretch = [(max(0.0, x - 3), y), (min(float(WIDTH), x + 3), y)]
        parts.append("M" + "L".join(f"{x:g} {y:g}" for x, y in stretch))
    return "".join(parts)


def area(values: Values, top: float) -> str:
    """What is below it."""
    shapes = [stretch for stretch in points(values, top) if len(stretch) > 1]
    return "".join(
        f"M{shape[0][0]:g} {HEIGHT}L" + "L".join(f"{x:g} {y:g}" for x, y in shape) + f"L{shape[-1][0]:g} {HEIGHT}Z"
        for shape in shapes
    )


# How long a time may be to be told in a unit, and how many milliseconds that has.
UNITS = (
    (1_000, 1, gettext_noop("{n} ms")),
    (120_000, 1_000, gettext_noop("{n} s")),
    (7_200_000, 60_000, gettext_noop("{n} min")),
    (float("inf"), 3_600_000, gettext_noop("{n} h")),
)


def seconds(milliseconds: float) -> str:
    """A time in words: <1 ms, 12 ms, 3.4 s, 5 min, 2.5 h."""
    if not milliseconds:  # SQLite knows no less than one
        return gettext("<1 ms")
    size, words = next((size, words) for limit, size, words in UNITS if milliseconds < limit)
    return gettext(words).format(n=plain(milliseconds / size))


def plain(value: float) -> str:
    """A number with as many digits as one reads."""
    digits = 0 if value >= 100 or value == round(value) else 1 if value >= 0.1 else 2
    return str(number_format(round(value, digits), decimal_pos=digits, force_grouping=True))


def per_second(value: float) -> str:
    """A rate in words."""
    return gettext("{n}/s").format(n=plain(value))


def clock(start: int) -> datetime:
    """The moment that a step begins."""
    return datetime.fromtimestamp(start, UTC)


def column(rows: Iterable[dict[str, Any]], name: str, factor: float = 1.0) -> list[float | None]:
    """One of the numbers over time."""
    return [None if row[name] is None else row[name] * factor for row in rows]
