"""B1: how many tasks are created per second, one per request, while no worker runs."""

from bench.plan import Plan
from bench.report import Cost, Figure, Report
from bench.sides import BARE, DOCUMENTED, OURS
from bench.stand import Stand

SIDES = (OURS, BARE, DOCUMENTED)
WARM_UP = 2  # seconds
LONG = 300.0


def measure(stand: Stand, plan: Plan, report: Report) -> None:
    """Ours against the bare view and the documented way."""
    mark = OURS.mark(stand)
    stand.stop_workers()
    rates: dict[str, list[float]] = {side.name: [] for side in SIDES}
    for side in SIDES:
        side.create(stand, WARM_UP)
    for _ in range(plan.rounds):
        for side in SIDES:
            stand.settle()
            with stand.meter() as meter:
                load = side.create(stand, plan.seconds)
            rates[side.name].append(load.rate)
            report.costs.append(Cost("B1", side.name, meter.per(load.accepted), meter.busy))
            if load.refused or load.broken:
                report.notes.append(f"B1 {side.name}: {load.refused} refused, {load.broken} broken off")
    for other, target in ((BARE, 0.9), (DOCUMENTED, 2.3)):
        what = "create, one task per request"
        ours, reference = rates[OURS.name], rates[other.name]
        report.figures.append(Figure("B1", what, ours, "/s", reference, other.name, target))
    empty_queues(stand, mark)


def empty_queues(stand: Stand, mark: int) -> None:
    """Ours ends all that was created; the documented way would take minutes, so its messages are thrown away."""
    stand.redis("-n", "4", "FLUSHDB")
    stand.start_workers()
    stand.wait_ended(OURS.table, mark, LONG)
    outcome = OURS.outcome(stand, mark)
    assert outcome.right == outcome.tasks, outcome
