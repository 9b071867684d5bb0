"""B2: tasks per second from the first request to the last result, one task per request."""

from bench.create import LONG, WARM_UP
from bench.plan import Plan
from bench.report import Cost, Figure, Report
from bench.sides import DOCUMENTED, OURS, Side
from bench.stand import Stand


def measure(stand: Stand, plan: Plan, report: Report) -> None:
    """Ours against the documented way, workers running."""
    ended: dict[str, list[float]] = {side.name: [] for side in (OURS, DOCUMENTED)}
    created: dict[str, list[float]] = {side.name: [] for side in (OURS, DOCUMENTED)}
    for side in (OURS, DOCUMENTED):
        run(stand, side, WARM_UP, Report())
    for _ in range(plan.rounds):
        for side in (OURS, DOCUMENTED):
            rate, accepted = run(stand, side, plan.seconds, report)
            ended[side.name].append(rate)
            created[side.name].append(accepted)
    lines = (("one by one until all are success", ended, 6.0), ("… created meanwhile", created, None))
    for what, rates, target in lines:
        ours, reference = rates[OURS.name], rates[DOCUMENTED.name]
        report.figures.append(Figure("B2", what, ours, "/s", reference, DOCUMENTED.name, target))


def run(stand: Stand, side: Side, seconds: int, report: Report) -> tuple[float, float]:
    """Load, then wait for the last result: tasks per second from end to end, and created per second meanwhile."""
    stand.settle()
    mark = side.mark(stand)
    with stand.meter() as meter:
        load = side.create(stand, seconds)
        stand.wait_ended(side.table, mark, LONG)
    outcome = side.outcome(stand, mark)
    assert outcome.right == outcome.tasks, (side.name, outcome)
    report.costs.append(Cost("B2", side.name, meter.per(outcome.tasks), meter.busy))
    if load.refused or load.broken:
        report.notes.append(f"B2 {side.name}: {load.refused} refused, {load.broken} broken off")
    return outcome.tasks / outcome.seconds, load.rate
