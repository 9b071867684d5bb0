"""Who is measured: where tasks are created, and where they are stored."""

from dataclasses import dataclass

from bench.load import CONNECTIONS, Load, wrk
from bench.stand import Stand


@dataclass(frozen=True)
class Side:
    """One way to create tasks."""

    name: str
    service: str
    path: str
    table: str

    def mark(self, stand: Stand) -> int:
        """The newest row's id: what comes after it is of the measurement that begins."""
        [[newest]] = stand.rows(f"SELECT COALESCE(MAX(id), 0) FROM {self.table}")
        return int(newest)

    def create(self, stand: Stand, seconds: float) -> Load:
        """Create one task per request for so long; AssertionError unless each accepted one is stored."""
        mark, address = self.mark(stand), stand.address(self.service)
        load = wrk(f"{address}{self.path}", seconds, script="post")
        [[stored]] = stand.rows(f"SELECT COUNT(*) FROM {self.table} WHERE id > {mark}")
        # wrk leaves at the end what it has asked and not yet read
        assert load.accepted <= stored <= load.accepted + load.refused + load.broken + CONNECTIONS, (load, stored)
        return load

    def outcome(self, stand: Stand, mark: int) -> "Outcome":
        """What became of the tasks after `mark`."""
        [[tasks, right, seconds]] = stand.rows(
            "SELECT COUNT(*), SUM(status = 'success' AND result = x + 1),"
            " TIMESTAMPDIFF(MICROSECOND, MIN(create_time), MAX(update_time)) / 1e6"
            f" FROM {self.table} WHERE id > {mark}"
        )
        return Outcome(int(tasks), int(right or 0), float(seconds or 0))


@dataclass(frozen=True)
class Outcome:
    """How many tasks there were, how many have the right result, and seconds from the first row to the last result."""

    tasks: int
    right: int
    seconds: float


OURS = Side("ours", "haproxy", "/api/tasks", "abacus.math_task")
DOCUMENTED = Side("documented way", "reference-haproxy", "/documented", "reference.documented")
BARE = Side("bare view", "reference-haproxy", "/bare", "reference.bare")
