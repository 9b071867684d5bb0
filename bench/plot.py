"""Lines over two logarithmic axes as plain SVG, readable on light and dark pages. Standard library alone."""

import math
from collections.abc import Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 820, 460
LEFT, RIGHT, TOP, BOTTOM = 74, 200, 46, 58
LABEL_GAP = 17  # pixels between two labels
# Told apart without red against green; the same eight in both themes, a little lighter on dark.
LIGHT = ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#8a6d00", "#3a7fbf", "#7b4b94", "#555555")
DARK = ("#56b4e9", "#ff9d5c", "#3ddcac", "#f08bd8", "#e6c84f", "#9ecbff", "#c79be0", "#bbbbbb")
STYLE = (
    "svg{{font:13px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}}"
    ".page{{fill:#fff}}text{{fill:#1f2328}}.soft{{fill:#59636e}}.grid{{stroke:#d1d9e0}}"
    "polyline{{fill:none;stroke-width:2}}.leader{{stroke-width:1;opacity:.6}}{light}"
    "@media (prefers-color-scheme:dark){{.page{{fill:#0d1117}}text{{fill:#f0f6fc}}.soft{{fill:#9198a1}}"
    ".grid{{stroke:#3d444d}}{dark}}}"
)


def decades(values: Sequence[float]) -> list[int]:
    """The powers of ten that hold all values, at least two of them."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return list(range(low, max(high, low + 1) + 1))


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places near the wanted ones, at least `gap` apart and within the bounds, in the same order of height."""
    order = sorted(range(len(wanted)), key=lambda number: wanted[number])
    places = [0.0] * len(wanted)
    floor = low
    for number in order:
        places[number] = floor = max(wanted[number], floor)
        floor += gap
    ceiling = high
    for number in reversed(order):
        places[number] = ceiling = min(places[number], ceiling)
        ceiling -= gap
    return places


def short(number: float) -> str:
    """A tick's label: 0.1, 1, 1k, 1M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return f"{number:g}"


class Axes:
    """From numbers to places on the page."""

    def __init__(self, series: Mapping[str, Points]) -> None:
        self.x = decades([x for points in series.values() for x, _ in points])
        self.y = decades([y for points in series.values() for _, y in points])

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where the point is, in pixels."""
        across = (math.log10(x) - self.x[0]) / (self.x[-1] - self.x[0])
        up = (math.log10(y) - self.y[0]) / (self.y[-1] - self.y[0])
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    def grid(self) -> list[str]:
        """A line and a label for each power of ten."""
        parts, (left, bottom) = [], self.place(10.0 ** self.x[0], 10.0 ** self.y[0])
        right, top = self.place(10.0 ** self.x[-1], 10.0 ** self.y[-1])
        for power in self.x:
            x, _ = self.place(10.0**power, 10.0 ** self.y[0])
            parts.append(f'<line class="grid" x1="{x:.1f}" y1="{top:.1f}" x2="{x:.1f}" y2="{bottom:.1f}"/>')
            parts.append(text(x, bottom + 20, short(10.0**power), "soft", "middle"))
        for power in self.y:
            _, y = self.place(10.0 ** self.x[0], 10.0**power)
            parts.append(f'<line class="grid" x1="{left:.1f}" y1="{y:.1f}" x2="{right:.1f}" y2="{y:.1f}"/>')
            parts.append(text(left - 8, y + 4, short(10.0**power), "soft", "end"))
        return parts


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start", more: str = "") -> str:
    """A text element."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}"{more}>{escape(words)}</text>'


def style(count: int) -> str:
    """The colours of so many lines, for both themes."""

    def rules(colours: Sequence[str]) -> str:
        chosen = [colours[number % len(colours)] for number in range(count)]
        return "".join(f".l{n}{{stroke:{c}}}.d{n}{{fill:{c}}}" for n, c in enumerate(chosen))

    return f"<style>{STYLE.format(light=rules(LIGHT), dark=rules(DARK))}</style>"


def lines(title: str, x_label: str, y_label: str, series: Mapping[str, Points]) -> str:
    """The plot; each line carries its name at its right end."""
    axes = Axes(series)
    ends = [axes.place(*points[-1]) for points in series.values()]
    labels = spread([y for _, y in ends], LABEL_GAP, TOP, HEIGHT - BOTTOM)
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        style(len(series)),
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>',
        text(LEFT, 26, title, more=' font-size="15" font-weight="600"'),
        *axes.grid(),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x_label, "soft", "middle"),
        text(20, middle, y_label, "soft", "middle", f' transform="rotate(-90 20 {middle:.1f})"'),
    ]
    for number, (name, points) in enumerate(series.items()):
        places = [axes.place(*point) for point in points]
        (x, y), label = places[-1], labels[number]
        parts.append(f'<polyline class="l{number}" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in places)}"/>')
        parts += [f'<circle class="d{number}" cx="{a:.1f}" cy="{b:.1f}" r="3.5"/>' for a, b in places]
        parts.append(f'<polyline class="l{number} leader" points="{x + 5:.1f},{y:.1f} {x + 20:.1f},{label:.1f}"/>')
        parts.append(text(x + 25, label + 4, name))
    return "\n".join([*parts, "</svg>", ""])
