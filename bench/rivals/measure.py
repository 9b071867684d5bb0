"""How fast: one round of one rival."""

import json
import time

from bench.cpu import Meter
from bench.latency import percentile
from bench.rivals.stand import Stand, frozen

WARM = 50
Round = dict[str, float]


def measure(stand: Stand, name: str, tasks: int, samples: int) -> Round:
    """All its figures."""
    with stand.working(name) as rival:
        count = tasks * rival.times
        stand.produce("both", WARM)
        found = {"both": count / stand.produce("both", count)["seconds"]}
        if rival.module == "tasks":
            ordered = stand.produce("latency", samples)["ms"]
            found |= {"p50": percentile(ordered, 50), "p99": percentile(ordered, 99)}
        found |= in_two_steps(stand, count)
        if rival.queue != "mysql":
            found["broker"] = found[rival.queue]
        return found


def in_two_steps(stand: Stand, count: int) -> Round:
    """All stored and sent per second, then all done per second; what one takes of each container's processor (ms)."""
    # Frozen, not stopped: what is measured is work, and not how long a worker takes to start.
    with frozen(stand.containers("worker")) as thaw:
        enqueue = stand.produce("enqueue", count)["seconds"]
        with stand.producer("drain", 0) as watch, Meter(stand.project) as meter:
            assert watch.stdout and watch.stdout.readline() == "ready\n", stand.logs()
            started = time.time()
            thaw()
            ended = json.loads(watch.stdout.read())["ended"]
    costs = meter.per(count)
    return {"enqueue": count / enqueue, "drain": count / (ended - started), **costs}
