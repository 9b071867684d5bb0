"""B8: what more containers bring on this machine."""

import os
import statistics
from functools import partial

from bench.batch import drain
from bench.create import LONG, WARM_UP
from bench.plan import Plan
from bench.report import Cost, Figure, Report
from bench.sides import OURS
from bench.stand import Stand
from support.http import ask
from support.waiting import wait_for

ROUNDS = 2  # the curve is told, not judged


def measure(stand: Stand, plan: Plan, report: Report) -> None:
    """Creation by web containers, the work of a batch by celery containers."""
    report.notes.append(
        f"B8: {os.cpu_count()} cores carry all containers and the load tool; where `busy` nears 100 %, they limit."
    )
    for count in plan.steps:
        scale(stand, "web", count)
        wait_for(partial(all_serve, stand, count), 30, f"{count} web containers serve")
        tell(report, "web", count, [create(stand, plan, report, count) for _ in range(ROUNDS)])
    scale(stand, "web", 1)
    for count in plan.steps:
        scale(stand, "celery", count)
        rates = [drain(stand, plan.batch, report, "B8", f"celery={count}, with its start") for _ in range(ROUNDS)]
        tell(report, "celery", count, rates)
    scale(stand, "celery", 1)


def tell(report: Report, service: str, count: int, rates: list[float]) -> None:
    """One point of the curve, against the first."""
    what = {"web": "create per second", "celery": "the work of a batch"}[service]
    first = next((figure.ours for figure in report.figures if figure.what.startswith(f"{what}, {service}=")), rates)
    reference = [statistics.median(first)] * len(rates)
    report.figures.append(Figure("B8", f"{what}, {service}={count}", rates, "/s", reference, f"{service}=1"))


def scale(stand: Stand, service: str, count: int) -> None:
    """So many containers of the service."""
    stand.compose("up", "-d", "--no-deps", "--no-recreate", "--scale", f"{service}={count}", service)
    stand.wait_healthy(service)


def all_serve(stand: Stand, count: int) -> bool:
    """Whether HAProxy has found so many web containers."""
    return len({ask("GET", f"{stand.url}/live").headers["x-served-by"] for _ in range(3 * count)}) == count


def create(stand: Stand, plan: Plan, report: Report, count: int) -> float:
    """Tasks created per second, workers running."""
    mark = OURS.mark(stand)
    OURS.create(stand, WARM_UP)
    stand.wait_ended(OURS.table, mark, LONG)
    stand.settle()
    with stand.meter() as meter:
        load = OURS.create(stand, plan.seconds)
    report.costs.append(Cost("B8", f"web={count}", meter.per(load.accepted), meter.busy))
    stand.wait_ended(OURS.table, mark, LONG)
    return load.rate
