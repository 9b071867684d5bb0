"""The proof's verdict on a database that has lost, doubled or falsified something: it says so."""

from collections.abc import Iterator
from typing import Any

import pytest

from bench.proof.clients import ROWS
from bench.proof.verdict import as_root, judge, witness
from support.http import ask
from support.stack import Stack
from support.waiting import wait_for

UPLOADED = b"x,task_type,y\n" + b"2,multiply,3\n" * ROWS
FORGET = "DROP TRIGGER IF EXISTS proof_ended; DROP TABLE IF EXISTS proof_ended"


@pytest.fixture
def witnessed(stack: Stack) -> Iterator[Stack]:
    """The shared stack, in which each outcome leaves a trace meanwhile."""
    as_root(stack, FORGET)  # of a run that was killed
    witness(stack)
    yield stack
    as_root(stack, FORGET)


@pytest.fixture
def lines(witnessed: Stack) -> list[dict[str, Any]]:
    """The ledger of four tasks and a batch, which have ended well."""
    tasks = [{"x": str(number), "task_type": "multiply", "y": "3"} for number in range(4)]
    singles = [ask("POST", f"{witnessed.url}/api/tasks", task).json()["id"] for task in tasks]
    batch = ask("POST", f"{witnessed.url}/api/batches", UPLOADED, {"Content-Type": "text/csv"}).json()["id"]
    left = f"SELECT 1 FROM math_task WHERE status = 'created' AND (id >= {singles[0]} OR batch_id = {batch}) LIMIT 1"
    wait_for(lambda: not witnessed.sql(left), 60, "all have ended")
    common = {"failure": "", "at": 0.0, "took": 0.0}
    told = [{"what": "single", "id": each, "result": str(3 * place), **common} for place, each in enumerate(singles)]
    return [*told, {"what": "batch", "id": batch, **common}]


def counts(stack: Stack, lines: list[dict[str, Any]]) -> tuple[int, int, int, bool]:
    """Lost, doubled, wrong, and whether the promises were held."""
    verdict = judge(stack, lines, [])
    return verdict.lost, verdict.doubled, verdict.wrong, verdict.held


def test_what_is_well_holds(witnessed: Stack, lines: list[dict[str, Any]]) -> None:
    assert counts(witnessed, lines) == (0, 0, 0, True)


def test_what_is_lost_doubled_or_wrong_is_counted(witnessed: Stack, lines: list[dict[str, Any]]) -> None:
    gone, twice, other, _ = (line["id"] for line in lines[:4])
    batch = lines[4]["id"]
    witnessed.sql(f"DELETE FROM math_task WHERE id = {gone}")
    witnessed.sql(f"UPDATE math_task SET attempts = attempts + 1 WHERE id = {twice}")
    witnessed.sql(f"UPDATE math_task SET result = '7' WHERE id = {other}")
    witnessed.sql(f"UPDATE math_task SET status = 'failed' WHERE batch_id = {batch} ORDER BY id LIMIT 2")
    witnessed.sql(f"DELETE FROM math_task WHERE batch_id = {batch} ORDER BY id DESC LIMIT 5")
    lost, doubled, wrong, held = counts(witnessed, lines)
    assert (lost, wrong, held) == (1 + 5, 1 + 2, False)
    assert doubled == 1 + 1 + 2  # whoever writes an outcome again leaves a second trace
