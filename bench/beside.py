"""B9: a single task while an upload of 100,000 is worked off, against one that has the machine to itself."""

import statistics
import time

from bench.batch import upload
from bench.create import LONG
from bench.plan import Plan
from bench.report import Figure, Report
from bench.sides import OURS
from bench.stand import Stand
from support.http import ask

SINGLES, PAUSE = 40, 0.05  # seconds: they are over before the upload is


def measure(stand: Stand, plan: Plan, report: Report) -> None:
    """From the row's creation to its result, by the database's clock."""
    idle, beside = [], []
    for _ in range(plan.rounds):
        stand.settle()
        idle.append(statistics.median(times(stand, create(stand))))
        mark = OURS.mark(stand)
        batch = upload(stand, plan.batch)
        singles = create(stand)
        [[left]] = stand.rows(f"SELECT COUNT(*) FROM {OURS.table} WHERE batch_id = {batch} AND status = 'created'")
        report.notes.append(f"B9: {int(left):,} of the upload's tasks were left when the last single one was created")
        stand.wait_ended(OURS.table, mark, LONG)
        beside.append(statistics.median(times(stand, singles)))
    what = f"a single task, from its row to its result, while an upload of {plan.batch:,} runs: median of {SINGLES}"
    report.figures.append(Figure("B9", what, beside, " ms", idle, "nothing else runs", 2.0, at_most=True))


def create(stand: Stand) -> list[int]:
    """One after the other; their ids."""
    ids = []
    for number in range(SINGLES):
        answer = ask("POST", f"{stand.url}/api/tasks", {"x": str(number), "task_type": "add", "y": "1"})
        assert answer.status == 201, answer
        ids.append(answer.json()["id"])
        time.sleep(PAUSE)
    return ids


def times(stand: Stand, ids: list[int]) -> list[float]:
    """Milliseconds of each, once all have ended."""
    stand.wait_ended(OURS.table, ids[0] - 1, LONG)
    found = stand.rows(
        f"SELECT TIMESTAMPDIFF(MICROSECOND, create_time, update_time) / 1000 FROM {OURS.table}"
        f" WHERE id IN ({', '.join(map(str, ids))}) AND status = 'success'"
    )
    assert len(found) == len(ids), found
    return [float(row[0]) for row in found]
