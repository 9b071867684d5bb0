"""The clients, a process of their own: what was accepted stands in the ledger, a file outside of the stack.

python -m bench.proof.clients PORT TASKS LEDGER: singles and batches until so many tasks are accepted.
A line of JSON for each request: when, how long, what came back, and what was promised with it.
"""

import asyncio
import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any, TextIO

from wire import ask

SINGLES = 60.0  # per second, open loop
ROWS = 5_000  # of a batch; one is on its way at a time
BATCH_SECONDS = 2.5  # from the begin of one to that of the next, at least
PATIENCE = 60.0  # seconds for an answer
AGAIN = 1.0  # seconds until an upload that was not accepted is sent again, under its key


class Clients:
    """They stop when enough is accepted."""

    def __init__(self, port: int, wanted: int, ledger: TextIO) -> None:
        self.port, self.wanted, self.ledger = port, wanted, ledger
        self.accepted = 0
        self.stopped = asyncio.Event()

    async def post(self, what: str, key: str, path: str, kind: str, body: bytes) -> tuple[dict[str, Any], Any]:
        """A creation: its line, and what was answered if it was accepted, else None."""
        began, failure = time.time(), ""
        told: Any = None
        head = f"POST {path} HTTP/1.1\r\nContent-Type: {kind}\r\nIdempotency-Key: {key}"
        try:
            async with asyncio.timeout(PATIENCE):
                status, _, content = await ask(f"127.0.0.1:{self.port}", head, body)
            told = json.loads(content) if content.startswith(b"{") else None
            failure = "" if status in {200, 201} else str(status)
        except (OSError, TimeoutError, ValueError) as error:
            failure = type(error).__name__
        line = {"what": what, "at": began, "took": round(time.time() - began, 3), "failure": failure}
        if failure:
            told = None
        else:
            line["id"] = told["id"]
        return line, told

    def note(self, line: dict[str, Any], tasks: int = 0) -> None:
        """Into the ledger."""
        self.ledger.write(json.dumps(line) + "\n")
        self.accepted += tasks
        if self.accepted >= self.wanted:
            self.stopped.set()

    async def single(self, number: int) -> None:
        """number + 1."""
        body = json.dumps({"x": str(number), "task_type": "add", "y": "1"}).encode()
        line, told = await self.post("single", uuid.uuid4().hex, "/api/tasks", "application/json", body)
        if told:
            line["result"] = str(number + 1)
        self.note(line, 1 if told else 0)

    async def singles(self) -> None:
        """On schedule, whether or not earlier ones were answered."""
        start, number = time.monotonic(), 0
        async with asyncio.TaskGroup() as group:
            while not self.stopped.is_set():
                await asyncio.sleep(max(0.0, start + number / SINGLES - time.monotonic()))
                group.create_task(self.single(number))
                number += 1

    async def batches(self) -> None:
        """One after the other; one that is not accepted is sent again until it is, and counts once."""
        body = ("x,task_type,y\n" + "".join(f"{number},multiply,3\n" for number in range(ROWS))).encode()
        while not self.stopped.is_set():
            began, key, told = time.monotonic(), uuid.uuid4().hex, None
            while told is None:
                line, told = await self.post("batch", key, "/api/batches", "text/csv", body)
                self.note(line, ROWS if told else 0)
                await asyncio.sleep(AGAIN if told is None else 0)
            await asyncio.sleep(max(0.0, began + BATCH_SECONDS - time.monotonic()))

    async def run(self) -> None:
        """Both, until enough is accepted."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.singles())
            group.create_task(self.batches())


def main(port: str, tasks: str, path: str) -> None:
    """Run them."""

    async def run() -> None:
        with Path(path).open("w", encoding="utf-8", buffering=1) as ledger:
            await Clients(int(port), int(tasks), ledger).run()

    asyncio.run(run())


if __name__ == "__main__":
    main(*sys.argv[1:])
