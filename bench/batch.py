"""B3: an uploaded batch, from the request to the last result, and its work alone."""

from bench.create import LONG
from bench.plan import Plan
from bench.report import Cost, Figure, Report
from bench.stand import Stand
from support.http import ask
from support.waiting import wait_for

OPERATIONS = ("add", "minus", "multiply", "divide")
SECOND = 7
ALONE = "work alone, with the workers' start"
LIMIT = "no queue, 2 processes, 1,000 rows at once"
# What MySQL thinks of the results; divide has its own many digits, so there a result is enough.
RIGHT = f"""SUM(status = 'success' AND result = CASE task_type
    WHEN 'add' THEN x + {SECOND} WHEN 'minus' THEN x - {SECOND} WHEN 'multiply' THEN x * {SECOND} ELSE result END)"""


def measure(stand: Stand, plan: Plan, report: Report) -> None:
    """Ours against the same work without a queue."""
    whole, alone, limit = [], [], []
    run(stand, plan.batch, Report())
    for _ in range(plan.batches):
        whole.append(run(stand, plan.batch, report))
        stand.settle()
        limit.append(stand.probe("limit", str(plan.batch)))
        alone.append(drain(stand, plan.batch, report))
    what = f"a CSV batch of {plan.batch:,} until all are success"
    report.figures += [
        Figure("B3", what, whole, "/s", target=8_000),
        Figure("B3", what, whole, "/s", limit, LIMIT, 0.27),
        Figure("B3", "… its work alone: stored and published before", alone, "/s", limit, LIMIT, 0.45),
    ]


def csv(rows: int) -> bytes:
    """An upload."""
    lines = (f"{number},{OPERATIONS[number % 4]},{SECOND}" for number in range(rows))
    return "\n".join(("x,task_type,y", *lines, "")).encode()


def upload(stand: Stand, rows: int) -> int:
    """The id of the batch."""
    answer = ask("POST", f"{stand.url}/api/batches", csv(rows), {"Content-Type": "text/csv"})
    assert answer.status == 201, answer
    return int(answer.json()["id"])


def run(stand: Stand, rows: int, report: Report) -> float:
    """Tasks per second from the request to the last result."""
    stand.settle()
    [[begin]] = stand.rows("SELECT CAST(NOW(6) AS CHAR)")
    with stand.meter() as meter:
        batch = upload(stand, rows)
        wait_ended(stand, batch)
    report.costs.append(Cost("B3", "whole", meter.per(rows), meter.busy))
    return ended(stand, batch, rows, f"'{begin}'")


def drain(stand: Stand, rows: int, report: Report, bar: str = "B3", what: str = ALONE) -> float:
    """Tasks per second from the first claim to the last result, where all messages wait before the workers start."""
    stand.compose("stop", "celery")
    batch = upload(stand, rows)
    wait_for(lambda: published(stand), 30, "the batch is published", every=0.5)
    stand.settle()
    with stand.meter() as meter:
        stand.compose("start", "celery")
        wait_ended(stand, batch)
    report.costs.append(Cost(bar, what, meter.per(rows), meter.busy))
    return ended(stand, batch, rows, "MIN(start_time)")


def published(stand: Stand) -> bool:
    """Whether the queue has stopped growing."""
    before, after = (int(stand.redis("LLEN", "batches")) for _ in range(2))
    return before == after > 0


def wait_ended(stand: Stand, batch: int) -> None:
    """Until no task of it waits or runs."""
    left = f"SELECT 1 FROM abacus.math_task WHERE batch_id = {batch} AND status IN ('created', 'pending') LIMIT 1"
    wait_for(lambda: not stand.rows(left), LONG, f"batch {batch} has ended", every=0.2)


def ended(stand: Stand, batch: int, rows: int, begin: str) -> float:
    """Tasks per second since `begin`; AssertionError unless each is there and right."""
    [[tasks, right, seconds]] = stand.rows(
        f"SELECT COUNT(*), {RIGHT}, TIMESTAMPDIFF(MICROSECOND, {begin}, MAX(update_time)) / 1e6"
        f" FROM abacus.math_task WHERE batch_id = {batch}"
    )
    assert tasks == right == rows, (batch, tasks, right, rows)
    return rows / float(seconds)
