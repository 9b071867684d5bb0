"""B6: how long one task takes when nothing else is asked for."""

import statistics

from bench.plan import Plan
from bench.report import Figure, Report
from bench.sides import DOCUMENTED
from bench.stand import Stand


def measure(stand: Stand, plan: Plan, report: Report) -> None:
    """Ours against the documented way, sample by sample in turn."""
    found: dict[str, dict[int, list[float]]] = {side: {50: [], 99: []} for side in ("ours", "reference")}
    for _ in range(plan.rounds):
        stand.settle()
        for side, samples in stand.probe("latency", str(plan.samples)).items():
            for percent, values in found[side].items():
                values.append(percentile(samples, percent))
    for percent, target in ((50, 0.85), (99, 1.1)):
        ours, reference = found["ours"][percent], found["reference"][percent]
        what = f"one task, idle, from request to success seen: p{percent} of {plan.samples}"
        report.figures.append(Figure("B6", what, ours, " ms", reference, DOCUMENTED.name, target, at_most=True))


def percentile(values: list[float], percent: int) -> float:
    """Of the samples."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
