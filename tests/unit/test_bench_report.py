"""The bench's arithmetic and tables."""

import pytest

from bench.latency import percentile
from bench.report import Cost, Figure, Report, cost_table, ratios, short, spread, table


def test_a_spread_is_the_median_with_its_bounds() -> None:
    assert str(spread([3.0, 1.0, 2.0])) == "2.00 (1.00–3.00)"
    assert spread([4.0, 2.0]).median == 3.0


@pytest.mark.parametrize(
    ("value", "text"), [(12_345.6, "12,346"), (100.4, "100"), (42.25, "42.2"), (0.8, "0.80"), (9.999, "10.00")]
)
def test_numbers_have_the_digits_that_mean_something(value: float, text: str) -> None:
    assert short(value) == text


def test_ratios_are_taken_round_by_round() -> None:
    assert ratios([10.0, 40.0], [20.0, 40.0]) == [0.5, 1.0]


def test_ratios_of_uneven_rounds_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


def test_a_bar_is_kept_by_the_median_of_the_ratios() -> None:
    figure = Figure("B1", "create", [90.0, 70.0, 85.0], "/s", [100.0, 100.0, 100.0], "bare view", 0.8)
    assert figure.met
    assert figure.cells() == [
        "B1",
        "create",
        "85.0 (70.0–90.0)/s",
        "bare view: 100 (100–100)/s",
        "0.85 (0.70–0.90)",
        "≥ 0.80",
        "yes",
    ]


def test_a_bar_that_is_missed_says_no() -> None:
    assert Figure("B1", "create", [2.9], "/s", [1.0], target=3.0).cells()[-1] == "**no**"


def test_a_bar_may_be_an_upper_one() -> None:
    assert Figure("B6", "latency", [11.0], " ms", [10.0], target=1.2, at_most=True).met
    assert not Figure("B6", "latency", [13.0], " ms", [10.0], target=1.2, at_most=True).met


def test_without_a_reference_the_value_itself_is_judged() -> None:
    figure = Figure("B3", "batch", [9_000.0], "/s", target=8_000)
    assert figure.met
    assert figure.cells()[3:6] == ["", "", "≥ 8,000/s"]


def test_without_a_bar_nothing_is_judged() -> None:
    assert Figure("B8", "scale", [1.0], "/s").cells()[-2:] == ["", ""]


def test_a_table_is_markdown() -> None:
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_the_report_sorts_its_figures_and_ends_with_its_notes() -> None:
    text = Report(
        [Figure("B2", "second", [1.0], "/s"), Figure("B1", "first", [1.0], "/s")], notes=["a note"]
    ).markdown()
    assert text.index("first") < text.index("second")
    assert text.endswith("- a note\n")


def test_costs_are_the_mean_of_the_rounds_without_what_hardly_counts() -> None:
    costs = [
        Cost("B1", "ours", {"web": 0.5, "mysql": 1.0, "redis": 0.001}, 0.9),
        Cost("B1", "bare view", {"web": 0.25, "mysql": 1.0}, 0.8),
        Cost("B1", "ours", {"web": 0.75, "mysql": 2.0, "redis": 0.001}, 1.0),
    ]
    assert cost_table(costs).splitlines() == [
        "| B1 | mysql | web | busy |",
        "| --- | --- | --- | --- |",
        "| ours | 1.500 | 0.625 | 95% |",
        "| bare view | 1.000 | 0.250 | 80% |",
    ]


def test_each_bar_has_a_cost_table_of_its_own() -> None:
    text = Report(costs=[Cost("B2", "ours", {"web": 1.0}, 1.0), Cost("B1", "ours", {"redis": 1.0}, 1.0)]).markdown()
    assert text.index("| B1 | redis | busy |") < text.index("| B2 | web | busy |")


def test_percentiles_lie_between_the_samples() -> None:
    assert percentile([float(value) for value in range(1, 102)], 50) == 51.0
    assert percentile([float(value) for value in range(1, 102)], 99) == 100.0


def test_where_the_other_has_none_the_ratio_is_beyond_any() -> None:
    figure = Figure("B5", "what 1.0.0 does not have", [2.0], "/s", [0.0], "the other")
    assert figure.cells()[4] == "inf (inf–inf)"
