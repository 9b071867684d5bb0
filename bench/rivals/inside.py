"""In the producer's container: give the rival work, and tell as JSON how that went.

    python -m bench.rivals.inside enqueue|both|drain|latency COUNT
    python -m bench.rivals.inside accept SECONDS RATE

enqueue: until all is stored and sent. both: until all is done, by a worker that runs. drain: when the last one of what
is there was done. latency: one by one, each until its outcome is in the row. accept: so many a second, whatever fails.
"""

import importlib
import json
import os
import sys
import time
from typing import Any

import django
from django.db import connection, connections

from bench.rivals.roster import RIVALS

PATIENCE = 600.0
IDLE = 0.05  # between two of which the latency is taken
RIVAL = RIVALS[os.environ["RIVAL"]]


def ask(statement: str) -> Any:
    """One value of the database's."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        found = cursor.fetchone()
    return found and found[0]


def give(rival: Any, count: int) -> None:
    """Store and send so many."""
    if hasattr(rival, "enqueue_many"):
        rival.enqueue_many(count)
    else:
        for number in range(count):
            rival.enqueue(number, 7)
    flush()


def flush() -> None:
    """Abacus sends what is stored by a thread: wait until it has."""
    if publisher := sys.modules.get("durable.publisher"):
        assert publisher.publisher.flush(60), "the messages are sent within a minute"


def wait() -> float:
    """Until nothing is left to do; asked rarely, for the worker needs the processor. When the last one was done."""
    end = time.monotonic() + PATIENCE
    while ask(f"SELECT 1 FROM work WHERE {RIVAL.waiting} LIMIT 1"):
        assert time.monotonic() < end, "all is done within ten minutes"
        time.sleep(0.1)
    wrong = f"SELECT 1 FROM work WHERE NOT ({RIVAL.success}) OR result <> x * y LIMIT 1"
    assert not ask(wrong), "every result is right"
    return float(ask(f"SELECT UNIX_TIMESTAMP(MAX({RIVAL.ended_at})) FROM work"))


def one(rival: Any) -> float:
    """Milliseconds from before the row until its outcome is seen, after a moment without any work."""
    time.sleep(IDLE)
    started = time.perf_counter()
    identity = rival.enqueue(6, 7)
    while not ask(f"SELECT 1 FROM work WHERE id = {int(identity)} AND {RIVAL.success}"):
        assert time.perf_counter() < started + PATIENCE, "one task is done within ten minutes"
        time.sleep(0.0005)
    return (time.perf_counter() - started) * 1000


def accept(rival: Any, seconds: float, rate: float) -> dict[str, Any]:
    """What was taken (id: when), and what was not, at a steady rate: an `enqueue` that returns is a promise."""
    accepted: dict[int, float] = {}
    refused: dict[str, int] = {}
    began = time.time()
    number = 0
    while time.time() < began + seconds:
        time.sleep(max(0.0, began + number / rate - time.time()))
        number += 1
        try:
            accepted[rival.enqueue(number, 7)] = time.time()
        except Exception as error:  # of the driver, the broker's client or the rival: who calls cannot tell
            name = type(error).__name__
            refused[name] = refused.get(name, 0) + 1
            connections.close_all()  # as the end of a request does with a broken one
    flush()
    return {"accepted": accepted, "refused": refused}


def main(action: str, amount: float, rate: float = 0.0) -> dict[str, Any]:
    """Do it."""
    rival = importlib.import_module(f"bench.rivals.setups.{RIVAL.setup}.{RIVAL.module}")
    if action == "accept":
        return accept(rival, amount, rate)
    if action == "latency":
        return {"ms": sorted(one(rival) for _ in range(int(amount)))}
    if action == "drain":
        print("ready", flush=True)
        return {"ended": wait()}
    started = time.time()
    give(rival, int(amount))
    return {"seconds": (wait() if action == "both" else time.time()) - started}


if __name__ == "__main__":
    django.setup()
    print(json.dumps(main(sys.argv[1], *map(float, sys.argv[2:]))))
