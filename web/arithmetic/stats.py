"""What the whole is doing, at a cost that neither the table's size nor the number of viewers raises."""

import logging
import time
from datetime import datetime
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError

from arithmetic import pace
from arithmetic.models import MathTask, Status
from arithmetic.workers import alive

logger = logging.getLogger(__name__)
COUNTED = 100_000  # a state's tasks are counted up to here
FRESH = 1.0  # seconds for which an answer is given again
AWAY = 5.0  # seconds for which a cache that failed is not asked again
CACHE_AWAY = (RedisError, OSError)


class Memory:
    """The answer of a moment ago: this process's, else the cache's, else a new one."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] = {}
        self.until = self.away_until = 0.0

    def get(self) -> dict[str, Any]:
        """The numbers; computed at most once a second by all processes together."""
        if time.monotonic() < self.until:
            return self.answer
        shared = self.ask()
        counted = shared.get("counts")
        if counted is None:
            counted = count()
            self.tell(counted)
        self.answer = {**counted, **progress(shared.get(pace.KEY))}
        self.until = time.monotonic() + FRESH
        return self.answer

    def ask(self) -> dict[str, Any]:
        """What the cache has."""
        if time.monotonic() < self.away_until:
            return {}
        try:
            return cache.get_many(["counts", pace.KEY])
        except CACHE_AWAY as error:
            self.lost(error)
            return {}

    def tell(self, counted: dict[str, Any]) -> None:
        """Share the count with the other processes."""
        if time.monotonic() < self.away_until:
            return
        try:
            cache.set("counts", counted, timeout=FRESH)
        except CACHE_AWAY as error:
            self.lost(error)

    def lost(self, error: Exception) -> None:
        """Leave the cache alone for a while."""
        logger.warning("cache away: %s", error)
        self.away_until = time.monotonic() + AWAY


memory = Memory()


def stats() -> dict[str, Any]:
    """Counts by state, the queue, the workers and the pace."""
    return memory.get()


def count() -> dict[str, Any]:
    """Tasks by state, each counted up to a bound, and workers: six statements."""
    counts = {
        str(status): MathTask.objects.filter(status=status).values("pk")[: COUNTED + 1].count() for status in Status
    }
    capped = [status for status, number in counts.items() if number > COUNTED]
    return {
        "counts": {status: min(number, COUNTED) for status, number in counts.items()},
        "capped": capped,
        "workers": alive().count(),
    }


def progress(noted: dict[str, Any] | None) -> dict[str, Any]:
    """What the sweep has noted of the queues and of the last minutes."""
    if not noted:
        return {"queue_depth": None, "queues": {}, "throughput": 0.0, "waiting_ms": None, "history": []}
    steps = noted["steps"]
    minute = steps[-7:-1]  # whole steps alone
    seconds = pace.STEP.seconds * 6
    waits = [step["waiting_ms"] for step in steps[-6:] if step["waiting_ms"] is not None]
    return {
        "queue_depth": sum(noted["depths"].values()),
        "queues": noted["depths"],
        "throughput": round(sum(step["ended"] for step in minute) / seconds, 1),
        "waiting_ms": waits[-1] if waits else None,
        "history": [{**step, "time": datetime.fromisoformat(step["time"])} for step in steps],
    }
