"""The load driver: open loop, its own process. python load.py PORT RATE SECONDS REPORT

Sends RATE requests per second to 127.0.0.1, whether or not earlier ones were answered: every
second one creates a task under an Idempotency-Key of its own, the others read. Writes one JSON
report: what was accepted, what failed and how, how long it took.
"""

import asyncio
import json
import sys
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

PATIENCE = 40.0  # seconds: longer than any fault lasts


class Driver:
    def __init__(self, port: int) -> None:
        self.port = port
        self.accepted: list[dict[str, Any]] = []
        self.failed: Counter[str] = Counter()
        self.slowest_failure = 0.0
        self.without_retry_after = 0
        self.seconds: list[float] = []

    async def ask(self, head: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        """One request on one connection: status, headers, body."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            lines = f"{head}\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(lines.encode() + body)
            raw = await reader.read()
        finally:
            writer.close()
        header, separator, content = raw.partition(b"\r\n\r\n")
        if not separator:
            raise ConnectionResetError("no answer")
        status, *fields = header.decode().split("\r\n")
        pairs = (field.split(":", 1) for field in fields)
        return int(status.split()[1]), {name.lower(): value.strip() for name, value in pairs}, content

    async def create(self, number: int) -> str:
        """Create number + 1, note it if it was accepted; else what kind of failure it was."""
        key, task = uuid.uuid4().hex, {"x": str(number), "task_type": "add", "y": "1"}
        head = f"POST /api/tasks HTTP/1.1\r\nContent-Type: application/json\r\nIdempotency-Key: {key}"
        status, headers, content = await self.ask(head, json.dumps(task).encode())
        if status in {200, 201}:
            self.accepted.append({"id": json.loads(content)["id"], "result": str(number + 1)})
            return ""
        return self.refused(status, headers)

    async def read(self) -> str:
        """Read a page of the list; what kind of failure if any."""
        status, headers, _ = await self.ask("GET /api/tasks?limit=20 HTTP/1.1")
        return "" if status == 200 else self.refused(status, headers)

    def refused(self, status: int, headers: dict[str, str]) -> str:
        """The failure's name."""
        self.without_retry_after += status == 503 and "retry-after" not in headers
        return str(status)

    async def one(self, number: int) -> None:
        """One request, timed and counted."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                failure = await (self.create(number) if number % 2 else self.read())
        except (OSError, TimeoutError) as error:
            failure = type(error).__name__
        took = time.monotonic() - started
        self.seconds.append(took)
        if failure:
            self.failed[failure] += 1
            self.slowest_failure = max(self.slowest_failure, took)

    async def run(self, rate: float, seconds: float) -> None:
        """Send on schedule; wait for all answers."""
        start = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                await asyncio.sleep(max(0.0, start + number / rate - time.monotonic()))
                group.create_task(self.one(number))

    def report(self) -> dict[str, Any]:
        """What happened."""
        ordered = sorted(self.seconds)
        return {
            "requests": len(ordered),
            "accepted": self.accepted,
            "failed": dict(self.failed),
            "slowest_failure": round(self.slowest_failure, 2),
            "without_retry_after": self.without_retry_after,
            "p99": round(ordered[int(len(ordered) * 0.99)], 3),
            "max": round(ordered[-1], 3),
        }


def main(port: str, rate: str, seconds: str, path: str) -> None:
    """Run the load and write the report."""
    driver = Driver(int(port))
    asyncio.run(driver.run(float(rate), float(seconds)))
    Path(path).write_text(json.dumps(driver.report()))


if __name__ == "__main__":
    main(*sys.argv[1:])
