"""Errors are told as they are: a bug is no death, and a stop is neither."""

import time
from functools import partial

from checker import settle
from images import appended, derived, lone_worker, workers
from test_claims import claim_of, inserted, log_of, send
from test_recovery import created, until_ended
from verbs import docker

from support.http import task
from support.stack import Stack
from support.waiting import wait_for

BUG = """
def bug(*_):
    raise RuntimeError("no such luck")

OPERATIONS["bug"] = Operation("!", bug)
"""


def test_a_bug_is_told_by_its_name_and_tried_five_times_and_spares_its_neighbours(faulty: Stack) -> None:
    with workers(faulty, 2, APP_IMAGE=derived("bug", appended("arithmetic/operations.py", BUG))):
        ids = inserted(faulty, add=5, bug=1, add_=4)
        first = ids[0]
        send(faulty, ids)
        settle(faulty, first, 60)
    ended = faulty.sql(f"SELECT task_type, status, attempts, error FROM math_task WHERE id >= {first} ORDER BY id")
    fine = ["add", "success", "1", ""]
    assert ended == [*[fine] * 5, ["bug", "failed", "5", "RuntimeError: no such luck"], *[fine] * 4]
    (took,) = faulty.sql(
        "SELECT TIMESTAMPDIFF(MICROSECOND, MIN(update_time), MAX(update_time)) / 1e6 FROM math_task "
        f"WHERE id >= {first}"
    )
    print(f"\na bug was tried five times, the last time {float(took[0]):.2f} s after the first")
    assert 7.5 <= float(took[0]) < 15 + 4 * 2  # 1, 2, 4 and 8 s, or half of each, and so long until each is seen
    records = faulty.sql(
        "SELECT COUNT(*) FROM django_celery_results_taskresult WHERE status = 'FAILURE' "
        "AND traceback LIKE '%in bug%' AND traceback LIKE '%RuntimeError: no such luck%'"
    )
    assert records == [["5"]]


def test_a_task_that_a_stop_interrupts_is_given_back_uncounted_and_ends_elsewhere(faulty: Stack) -> None:
    with lone_worker(faulty, TASK_SECONDS="15", STOP_SECONDS="3") as stopping:
        wait_for(lambda: "ready." in log_of(stopping), 30, "the worker is ready")
        (identity,) = created(faulty, 1)
        wait_for(partial(claim_of, faulty, identity), 10, "it is at work", every=0.02)
        began = time.monotonic()
        docker("stop", "--time", "14", stopping)
        took = time.monotonic() - began
        found = faulty.sql(f"SELECT status, attempts, round, error FROM math_task WHERE id = {identity}")
        code = docker("inspect", "-f", "{{.State.ExitCode}}", stopping)
    assert found == [["created", "0", "1", ""]]
    assert took < 14  # or Docker would have killed it
    assert code == "0"  # it was not killed
    until_ended(faulty, [identity], 20)  # by the others, which are back
    assert task(faulty.url, identity)["attempts"] == 1
