"""What was lost? Compares what clients were promised with what is in the rows."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from support.waiting import wait_for

DRIVER = Path(__file__).with_name("load.py")
ENDED = ("success", "failed", "cancelled")


class Loaded(Protocol):
    """What load is put on: a stack on one machine, or on several."""

    @property
    def addresses(self) -> list[str]:
        """Where it answers, each as HOST:PORT."""
        ...

    def sql(self, statement: str) -> list[list[str]]:
        """Rows of a statement in its MySQL."""
        ...


class Load:
    """The load driver as a process of its own."""

    def __init__(self, stack: Loaded, folder: Path, rate: float, seconds: float) -> None:
        self.path = folder / "report.json"
        arguments = [",".join(stack.addresses), str(rate), str(seconds), str(self.path)]
        self.process = subprocess.Popen([sys.executable, str(DRIVER), *arguments])

    def end(self) -> dict[str, Any]:
        """Its report, of what it has sent until now."""
        self.process.terminate()
        return self.report()

    def report(self) -> dict[str, Any]:
        """Its report, once it has ended by itself."""
        assert self.process.wait(180) == 0
        report: dict[str, Any] = json.loads(self.path.read_text())
        return report


@dataclass(frozen=True)
class Outcome:
    """One cell's numbers."""

    accepted: int
    lost: list[int]
    wrong: list[int]
    doubled: list[int]
    failed: dict[str, int]
    slowest_failure: float
    without_retry_after: int
    p99: float
    settled: float
    attempts: dict[int, int]

    def line(self) -> str:
        """All of it in one line."""
        return (
            f"accepted={self.accepted} lost={len(self.lost)} doubled={len(self.doubled)} wrong={len(self.wrong)} "
            f"failed={self.failed or 0} p99={self.p99:.3f}s settled={self.settled:.1f}s attempts={self.attempts}"
        )


Rows = dict[int, tuple[str, str, int, str]]  # id: status, result, attempts, update_time


def rows(stack: Loaded, first: int) -> Rows:
    """All rows from an id on."""
    found = stack.sql(f"SELECT id, status, result, attempts, update_time FROM math_task WHERE id >= {first}")
    return {int(row[0]): (row[1], row[2], int(row[3]), row[4]) for row in found}


def next_id(stack: Loaded) -> int:
    """The id that the next row has at least."""
    return int(stack.sql("SELECT COALESCE(MAX(id), 0) + 1 FROM math_task")[0][0])


def settle(stack: Loaded, first: int, seconds: float) -> float:
    """Wait until all rows have ended; how many seconds that took."""
    started = time.monotonic()
    waiting = f"SELECT COUNT(*) FROM math_task WHERE id >= {first} AND status IN ('scheduled', 'created')"
    wait_for(lambda: stack.sql(waiting) == [["0"]], seconds, "every task has ended", every=0.5)
    return time.monotonic() - started


def check(before: Rows, after: Rows, report: dict[str, Any], settled: float) -> Outcome:
    """`before` was read while it went on: what had ended then must be the same at the end."""
    promised = {task["id"]: task["result"] for task in report["accepted"]}
    ended = {identity: row for identity, row in before.items() if row[0] in ENDED}
    attempts = [after[identity][2] for identity in promised if identity in after]
    return Outcome(
        accepted=len(promised),
        lost=[identity for identity in promised if identity not in after or after[identity][0] not in ENDED],
        wrong=[i for i, result in promised.items() if i in after and after[i][:2] != ("success", result)],
        doubled=[identity for identity, row in ended.items() if after.get(identity) != row],
        failed=report["failed"],
        slowest_failure=report["slowest_failure"],
        without_retry_after=report["without_retry_after"],
        p99=report["p99"],
        settled=settled,
        attempts={n: attempts.count(n) for n in sorted(set(attempts))},
    )
