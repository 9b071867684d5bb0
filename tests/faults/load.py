"""The load driver: open loop, its own process. python load.py HOST:PORT[,HOST:PORT...] RATE SECONDS REPORT

Sends RATE requests per second to the addresses in turn, whether or not earlier ones were answered: every
second one creates a task under an Idempotency-Key of its own, the others read. Writes one JSON
report: what was accepted, what failed and how, when and where, how long it took. SIGTERM ends it earlier.
"""

import asyncio
import json
import signal
import sys
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from wire import ask

PATIENCE = 40.0  # seconds: longer than any fault lasts


class Driver:
    def __init__(self, addresses: list[str]) -> None:
        self.addresses = addresses
        self.accepted: list[dict[str, Any]] = []
        self.failures: list[dict[str, Any]] = []
        self.slowest_failure = 0.0
        self.without_retry_after = 0
        self.seconds: list[float] = []
        self.ending = asyncio.Event()

    async def create(self, address: str, number: int) -> str:
        """Create number + 1, note it if it was accepted; else what kind of failure it was."""
        key, task = uuid.uuid4().hex, {"x": str(number), "task_type": "add", "y": "1"}
        head = f"POST /api/tasks HTTP/1.1\r\nContent-Type: application/json\r\nIdempotency-Key: {key}"
        status, headers, content = await ask(address, head, json.dumps(task).encode())
        if status in {200, 201}:
            self.accepted.append({"id": json.loads(content)["id"], "result": str(number + 1)})
            return ""
        return self.refused(status, headers)

    async def read(self, address: str) -> str:
        """Read a page of the list; what kind of failure if any."""
        status, headers, _ = await ask(address, "GET /api/tasks?limit=20 HTTP/1.1")
        return "" if status == 200 else self.refused(status, headers)

    def refused(self, status: int, headers: dict[str, str]) -> str:
        """The failure's name."""
        self.without_retry_after += status == 503 and "retry-after" not in headers
        return str(status)

    async def one(self, number: int) -> None:
        """One request, timed and counted."""
        started, at = time.monotonic(), time.time()
        address = self.addresses[number // 2 % len(self.addresses)]
        try:
            async with asyncio.timeout(PATIENCE):
                failure = await (self.create(address, number) if number % 2 else self.read(address))
        except (OSError, TimeoutError) as error:
            failure = type(error).__name__
        took = time.monotonic() - started
        self.seconds.append(took)
        if failure:
            self.failures.append({"address": address, "at": at, "kind": failure})
            self.slowest_failure = max(self.slowest_failure, took)

    async def run(self, rate: float, seconds: float) -> None:
        """Send on schedule; wait for all answers."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.ending.set)
        start = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                if self.ending.is_set():
                    break
                await asyncio.sleep(max(0.0, start + number / rate - time.monotonic()))
                group.create_task(self.one(number))

    def report(self) -> dict[str, Any]:
        """What happened."""
        ordered = sorted(self.seconds)
        return {
            "requests": len(ordered),
            "accepted": self.accepted,
            "failed": Counter(failure["kind"] for failure in self.failures),
            "failures": self.failures,
            "slowest_failure": round(self.slowest_failure, 2),
            "without_retry_after": self.without_retry_after,
            "p99": round(ordered[int(len(ordered) * 0.99)], 3),
            "max": round(ordered[-1], 3),
        }


def main(addresses: str, rate: str, seconds: str, path: str) -> None:
    """Run the load and write the report."""
    driver = Driver(addresses.split(","))
    asyncio.run(driver.run(float(rate), float(seconds)))
    Path(path).write_text(json.dumps(driver.report()))


if __name__ == "__main__":
    main(*sys.argv[1:])
