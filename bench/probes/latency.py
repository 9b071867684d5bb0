"""From sending the request that creates a task to seeing its row as success: ours and the documented way in turn.

Both are seen in the same way: the row is read by its primary key every millisecond, on one kept connection.
python -m bench.probes.latency SAMPLES
"""

import http.client
import json
import random
import sys
import time
from typing import Any

from bench.probes.mysql import connect

SIDES = {
    "ours": ("haproxy:8080", "/api/tasks", "abacus.math_task"),
    "reference": ("reference-haproxy:8080", "/documented", "reference.documented"),
}
PATIENCE = 10.0  # seconds
POLL = 0.001
IDLE = (0.05, 0.1)  # seconds between two samples: at random, in step with nobody's clock


class Side:
    """One of the two, with its kept connections."""

    def __init__(self, address: str, path: str, table: str) -> None:
        self.http, self.path = http.client.HTTPConnection(address, timeout=PATIENCE), path
        self.select = f"SELECT status, result FROM {table} WHERE id = %s"
        self.cursor = connect("abacus").cursor()

    def sample(self) -> float:
        """Seconds of one task."""
        x = random.randrange(1_000_000)
        body = json.dumps({"x": str(x), "task_type": "add", "y": "1"})
        started = time.perf_counter()
        # By the name of a service in the stack's network, which is none of the site's own.
        headers = {"Content-Type": "application/json", "Host": "localhost"}
        self.http.request("POST", self.path, body, headers)
        identity = json.loads(self.http.getresponse().read())["id"]
        while (row := self.read(identity))[0] != "success":
            if time.perf_counter() - started > PATIENCE:
                raise SystemExit(f"{self.path}: task {identity} is {row[0]} after {PATIENCE:g} s")
            time.sleep(POLL)
        took = time.perf_counter() - started
        if row[1] != str(x + 1):
            raise SystemExit(f"{self.path}: {x} + 1 is not {row[1]}")
        return took

    def read(self, identity: int) -> Any:
        """The row's status and result."""
        self.cursor.execute(self.select, (identity,))
        return self.cursor.fetchone()


def main(samples: int) -> None:
    """Prints the milliseconds of each side."""
    sides = {name: Side(*parts) for name, parts in SIDES.items()}
    took: dict[str, list[float]] = {name: [] for name in sides}
    for side in sides.values():
        side.sample()
    for _ in range(samples):
        for name, side in sides.items():
            time.sleep(random.uniform(*IDLE))
            took[name].append(1000 * side.sample())
    print(json.dumps(took))


if __name__ == "__main__":
    main(int(sys.argv[1]))
