"""The bench against others works: a little of it, on a stand of its own."""

import subprocess
import sys

import pytest

from bench.rivals.roster import RIVALS
from bench.rivals.stand import Stand
from support.needs import need
from support.stack import ROOT, docker_missing


@pytest.fixture(autouse=True)
def engine() -> None:
    need(docker_missing())


def told(*arguments: str) -> dict[str, list[str]]:
    """The bench's lines by their rivals, the first of each; nothing of it is left behind."""
    command = [sys.executable, "-m", "bench.rivals", "--short", "--tasks", "100", *arguments]
    result = subprocess.run(
        command, cwd=ROOT, env=Stand(["abacus"]).env | {"PYTHONPATH": "tests:."}, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert Stand(["abacus"]).compose("ps", "-aq") == ""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in result.stdout.splitlines() if "|" in line]
    return {row[0]: row[1:] for row in reversed(rows)}


def test_the_same_work_is_measured_for_abacus_and_celery() -> None:
    rows = told("--speed", "--only", "abacus,celery")
    for name in ("abacus", "celery"):
        cells = rows[RIVALS[name].title]
        assert "–" not in cells
        assert int(cells[-1]) > 10


def test_what_is_accepted_under_kills_is_not_lost() -> None:
    accepted, refused, lost, failed, _, effect_twice, *_ = told("--kill", "--seed", "1", "--only", "abacus")[
        RIVALS["abacus"].title
    ]
    assert int(accepted) > 100
    assert (lost, failed, effect_twice) == ("0", "0", "0"), refused
