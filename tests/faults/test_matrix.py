"""The matrix: each service, ended in each way, under load. Lost 0, doubled 0 in every cell."""

from pathlib import Path

import pytest
from checker import Load, Outcome, check, next_id, rows, settle
from verbs import VERBS, container_of, sweeper

from support.stack import Stack
from support.waiting import wait_for

RATE = 150.0  # requests per second; two web containers and two workers sustain 400 on two cores of their own
# No HTTP answer at all, or, by a HAProxy that was frozen before it had read the request, that this took too long.
UNHEARD = {"ConnectionRefusedError", "ConnectionResetError", "TimeoutError", "408"}


def rate(stack: Stack) -> float:
    """RATE, or where tasks take time, what four processes sustain: every second request makes a task."""
    work = float(stack.env.get("TASK_SECONDS") or 0)
    return min(RATE, 2 * 0.8 * 4 / work) if work else RATE


def victim_of(stack: Stack, service: str) -> str:
    """A container of the service; of the clockwork, the worker's whose turn it is."""
    if service == "clockwork":
        return container_of(stack, wait_for(lambda: sweeper(stack), 20, "somebody has the lease"))
    return stack.containers(service)[0]


def cell(stack: Stack, service: str, verb: str, folder: Path, seconds: float, most: float = RATE) -> Outcome:
    """Do the fault under load, let all end, compare."""
    first, victim = next_id(stack), victim_of(stack, service)
    lasting = seconds if verb in {"pause", "cut"} else 4
    load = Load(stack, folder, min(most, rate(stack)), lasting + 3)
    wait_for(lambda: next_id(stack) > first + 20, 20, "the load runs")
    with VERBS[verb](victim, seconds):
        pass
    wait_for(stack.healthy, 60, "the stack is well again")
    before = rows(stack, first)
    report = load.report()
    settled = settle(stack, first, 60)
    return check(before, rows(stack, first), report, settled)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("service", ["web", "celery", "clockwork", "redis", "mysql", "haproxy"])
def test_nothing_is_lost_or_doubled(
    faulty: Stack, service: str, verb: str, tmp_path: Path, fault_seconds: float
) -> None:
    outcome = cell(faulty, service, verb, tmp_path, fault_seconds)
    print(f"\n{service:8} {verb:6} {outcome.line()}")
    assert outcome.accepted > 0
    assert not outcome.lost, outcome.line()
    assert not outcome.doubled, outcome.line()
    assert not outcome.wrong, outcome.line()
    if service == "mysql":
        assert set(outcome.failed) <= {"503"}, outcome.line()
        assert outcome.without_retry_after == 0
        assert outcome.slowest_failure <= 5.5, outcome.line()
    elif service == "haproxy":
        assert set(outcome.failed) <= UNHEARD, outcome.line()
    else:
        assert not outcome.failed, outcome.line()


def test_even_the_only_web_container_may_be_killed(faulty: Stack, tmp_path: Path) -> None:
    faulty.up("--scale", "web=1", "--scale", "celery=2", "--no-recreate")
    outcome = cell(faulty, "web", "kill", tmp_path, 0)
    print(f"\nthe only web container {outcome.line()}")
    assert not (outcome.lost or outcome.doubled or outcome.wrong or outcome.failed), outcome.line()


def test_a_web_container_may_be_killed_while_the_other_is_full(faulty: Stack, tmp_path: Path) -> None:
    # A request that the dead one refuses must wait for the other, not try the dead one until its tries are used up.
    try:
        faulty.up("--no-deps", "haproxy", WEB_MAXCONN="1")
        outcome = cell(faulty, "web", "kill", tmp_path, 0, most=60)  # what one at a time does on a busy machine, too
    finally:
        faulty.up("--no-deps", "haproxy")
    print(f"\nthe other one full {outcome.line()}")
    assert not (outcome.lost or outcome.doubled or outcome.wrong or outcome.failed), outcome.line()
