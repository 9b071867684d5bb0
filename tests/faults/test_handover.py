"""The clockwork changes hands: whoever sweeps is lost, with the tasks that it holds, under load."""

import time
from pathlib import Path

import pytest
from checker import Load, check, next_id, rows, settle
from images import workers
from verbs import HELD, VERBS, container_of, docker, sweeper

from support.stack import Stack
from support.waiting import wait_for


@pytest.mark.parametrize("verb", VERBS)
def test_whoever_sweeps_may_be_lost_while_it_holds_tasks(
    faulty: Stack, verb: str, tmp_path: Path, fault_seconds: float
) -> None:
    with workers(faulty, 2, TASK_SECONDS="0.5"):
        first, old = next_id(faulty), wait_for(lambda: sweeper(faulty), 30, "somebody has the lease")
        victim = container_of(faulty, old)
        node = docker("inspect", "-f", "{{.Config.Hostname}}", victim)
        load = Load(faulty, tmp_path, 20, fault_seconds + 5)
        # While some wait, it is never between two.
        waiting = f"SELECT COUNT(*) FROM math_task WHERE id >= {first} AND status = 'created'"
        wait_for(lambda: int(faulty.sql(waiting)[0][0]) > 8, 20, "more wait than are worked on", every=0.1)
        wait_for(lambda: faulty.sql(f"{HELD} AND worker LIKE '{node}%'"), 20, "it holds tasks", every=0.02)
        with VERBS[verb](victim, fault_seconds):
            started = time.monotonic()
            new = wait_for(lambda: sweeper(faulty, but=old), 20, "another one has the lease")
            took = time.monotonic() - started
        wait_for(faulty.healthy, 60, "the stack is well again")
        before, report = rows(faulty, first), load.report()
        settled = settle(faulty, first, 60)
        outcome = check(before, rows(faulty, first), report, settled)
    print(f"\nclockwork {verb:6} {old} lost, {new} has it {took:.1f} s later; {outcome.line()}")
    assert outcome.accepted > 0
    assert not (outcome.lost or outcome.doubled or outcome.wrong or outcome.failed), outcome.line()
    assert took < 5 + 5  # the lease, a try each second, and a noisy machine
    if verb != "stop":  # what it held came back
        assert 2 in outcome.attempts, outcome.line()


def test_a_stop_gives_the_lease_back_at_once(faulty: Stack) -> None:
    old = wait_for(lambda: sweeper(faulty), 30, "somebody has the lease")
    victim = container_of(faulty, old)
    docker("kill", "--signal", "TERM", victim)
    started = time.monotonic()
    try:
        new = wait_for(lambda: sweeper(faulty, but=old), 20, "another one has the lease")
    finally:
        docker("start", victim)
    took = time.monotonic() - started
    print(f"\n{old} is asked to stop, {new} has the lease {took:.1f} s later")
    assert took < 4  # not the lease's five
