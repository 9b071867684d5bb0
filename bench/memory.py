"""B7: memory of web and worker processes while many tasks come and go."""

import subprocess

from bench.batch import run
from bench.plan import Plan
from bench.report import Figure, Report
from bench.sides import OURS
from bench.stand import Stand

SERVICES = ("web", "celery")
TOLERANCE = 1.1  # what a process may have grown after it has once done everything
LOAD = 3  # seconds


def measure(stand: Stand, plan: Plan, report: Report) -> None:
    """The largest process after one upload, and after many."""
    sizes = {service: [largest(stand, service)] for service in SERVICES}
    done = 0
    while done < plan.tasks + plan.batch:
        run(stand, plan.batch, Report())
        mark = OURS.mark(stand)
        OURS.create(stand, LOAD)
        stand.wait_ended(OURS.table, mark, 60)
        stand.settle()
        done += OURS.mark(stand) - mark + plan.batch
        for service, values in sizes.items():
            values.append(largest(stand, service))
    for service, values in sizes.items():
        what = f"largest {service} process after {done:,} tasks"
        against = f"after one upload of {plan.batch:,}"
        report.figures.append(Figure("B7", what, values[-1:], " MB", values[1:2], against, TOLERANCE, at_most=True))
        course = ", ".join(f"{value:.0f}" for value in values)
        report.notes.append(f"B7 {service}: the largest process at the start and after each upload, MB: {course}")


def largest(stand: Stand, service: str) -> float:
    """Resident memory in MB of the service's largest process."""
    sizes = []
    for container in stand.containers(service):
        top = subprocess.run(["docker", "top", container, "-eo", "pid,rss"], capture_output=True, text=True, check=True)
        sizes += [int(line.split()[1]) for line in top.stdout.splitlines()[1:]]
    return max(sizes) / 1024
