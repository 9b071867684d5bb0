"""The pure parts of the benches: the plot, and what the soak calls flat."""

from xml.etree import ElementTree

import pytest

from bench.plot import DARK, LIGHT, Axes, decades, lines, short, spread
from bench.soak import Line, slope, verdict

SVG = "{http://www.w3.org/2000/svg}"
SERIES = {"list <page>": [(1e3, 2.0), (1e6, 2.2)], "purge": [(1e3, 20.0), (1e5, 21.0), (1e6, 19.0)]}


@pytest.mark.parametrize(
    ("values", "powers"), [([2, 30], [0, 1, 2]), ([1e3, 1e6], [3, 4, 5, 6]), ([0.2], [-1, 0]), ([10, 10], [1, 2])]
)
def test_the_decades_hold_all_values(values: list[float], powers: list[int]) -> None:
    assert decades(values) == powers


def test_labels_keep_their_distance_and_their_order_within_the_bounds() -> None:
    places = spread([100.0, 5.0, 101.0, 99.0], gap=10, low=0, high=110)
    assert places == [100.0, 5.0, 110.0, 90.0]


def test_labels_that_have_room_stay_where_they_are() -> None:
    assert spread([10.0, 50.0], gap=10, low=0, high=100) == [10.0, 50.0]


@pytest.mark.parametrize(("number", "words"), [(0.1, "0.1"), (1, "1"), (1e3, "1k"), (1e5, "100k"), (1e7, "10M")])
def test_a_tick_is_short(number: float, words: str) -> None:
    assert short(number) == words


def test_ten_times_as_much_is_the_same_way_anywhere() -> None:
    axes = Axes(SERIES)
    (a, _), (b, _), (c, _) = (axes.place(x, 1) for x in (1e3, 1e4, 1e5))
    assert b - a == pytest.approx(c - b)
    assert axes.place(1e3, 100)[1] < axes.place(1e3, 10)[1], "more is higher up"


def test_the_plot_is_sound_xml_with_a_named_line_for_each_series_in_both_themes() -> None:
    drawing = ElementTree.fromstring(lines("Cost", "rows", "ms", SERIES))
    texts = [element.text for element in drawing.iter(f"{SVG}text")]
    assert {"Cost", "rows", "ms", "1k", "1M", *SERIES} <= set(texts)
    drawn = [line for line in drawing.iter(f"{SVG}polyline") if "leader" not in line.attrib["class"]]
    assert [len(line.attrib["points"].split()) for line in drawn] == [2, 3]
    style = drawing.findtext(f"{SVG}style") or ""
    light, _, dark = style.partition("prefers-color-scheme:dark")
    assert all(colour in light for colour in LIGHT[:2])
    assert all(colour in dark for colour in DARK[:2])


def test_one_bad_minute_does_not_bend_the_slope() -> None:
    steady = [100.0 + minute for minute in range(30)]
    assert slope([*steady[:20], 500.0, *steady[21:]]) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    ("line", "values", "said"),
    [
        (Line("MB", 3), [100.0, 101.0, 100.0, 101.0], "flat"),
        (Line("MB", 3), [100.0, 110.0, 120.0, 130.0], "GROWS"),
        (Line("MB", 3, "until it is full"), [100.0, 110.0, 120.0, 130.0], "grows, until it is full"),
        (Line("MB", 3), [130.0, 120.0, 110.0, 100.0], "falls"),
        (Line("MB", 3), [1.0, 1.5, 2.0, 2.5], "flat"),
    ],
    ids=["wavers", "grows", "grows as expected", "falls", "too small to matter"],
)
def test_a_line_is_flat_or_it_is_told_where_it_goes(line: Line, values: list[float], said: str) -> None:
    assert verdict(line, values) == said
