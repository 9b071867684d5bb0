"""Give a peer work and tell as JSON how that went: python -m peers.produce enqueue|both|drain|latency COUNT

enqueue: until all is stored and sent. both: until all is done, by a worker that runs. drain: when the last one of what
is there was done. latency: one by one, each until its outcome is in the row.
"""

import importlib
import json
import os
import sys
import time
from datetime import datetime
from typing import Any

from django.db.models import Max

from arithmetic.models import MathTask
from durable.models import CANCELLABLE, ENDED, Status

PATIENCE = 300.0
IDLE = 0.05
PEER: Any = importlib.import_module(f"peers.with_{os.environ['PEER']}")


def give(count: int) -> None:
    """Store and send so many."""
    if hasattr(PEER, "enqueue_many"):
        PEER.enqueue_many(count)
    else:
        for number in range(count):
            PEER.enqueue(str(number), "7")
    if hasattr(PEER, "flush"):
        PEER.flush()


def wait() -> None:
    """Until nothing is left to do; asked rarely, and by index, for the worker needs the processor."""
    end = time.monotonic() + PATIENCE
    while MathTask.objects.filter(status__in=CANCELLABLE).exists():
        assert time.monotonic() < end, "all is done within five minutes"
        time.sleep(0.05)


def one() -> float:
    """Milliseconds from before the row until its outcome is seen, after a moment without any work."""
    time.sleep(IDLE)
    started = time.perf_counter()
    identity = PEER.enqueue("6", "7")
    while not MathTask.objects.filter(pk=identity, status=Status.SUCCESS).exists():
        assert time.perf_counter() < started + PATIENCE
        time.sleep(0.0005)
    return (time.perf_counter() - started) * 1000


def main(action: str, count: int) -> dict[str, Any]:
    """Do it."""
    if action == "latency":
        return {"ms": sorted(one() for _ in range(count))}
    started = time.time()
    if action in {"enqueue", "both"}:
        give(count)
    ended = time.time()
    if action == "drain":
        print("ready", flush=True)
    if action in {"drain", "both"}:
        wait()
        last: datetime = MathTask.objects.aggregate(last=Max("update_time"))["last"]
        ended = last.timestamp()
    assert not MathTask.objects.filter(status__in=ENDED).exclude(status=Status.SUCCESS).exists(), "every task succeeds"
    return {"seconds": ended - started, "ended": ended}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
