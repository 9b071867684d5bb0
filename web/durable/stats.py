"""What the whole is doing, at a cost that neither the table's size nor the number of viewers raises."""

import logging
import time
from datetime import datetime
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError

from durable import kinds, pace
from durable.counts import together
from durable.kinds import Kind
from durable.models import Status
from durable.workers import alive

logger = logging.getLogger(__name__)
COUNTED = 100_000  # a state's tasks are counted up to here
FRESH = 1.0  # seconds for which an answer is given again
AWAY = 5.0  # seconds for which a cache that failed is not asked again
CACHE_AWAY = (RedisError, OSError)


class Memory:
    """The answer of a moment ago, of one kind: this process's, else the cache's, else a new one."""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.key = kind, f"counts:{kind.name}"
        self.answer: dict[str, Any] = {}
        self.until = self.away_until = 0.0

    def get(self) -> dict[str, Any]:
        """The numbers; computed at most once a second by all processes together."""
        if time.monotonic() < self.until:
            return self.answer
        shared = self.ask()
        counted = shared.get(self.key)
        if counted is None:
            counted = count(self.kind)
            self.tell(counted)
        self.answer = {**counted, **progress(shared.get(pace.key(self.kind)))}
        self.until = time.monotonic() + FRESH
        return self.answer

    def ask(self) -> dict[str, Any]:
        """What the cache has."""
        if time.monotonic() < self.away_until:
            return {}
        try:
            return cache.get_many([self.key, pace.key(self.kind)])
        except CACHE_AWAY as error:
            self.lost(error)
            return {}

    def tell(self, counted: dict[str, Any]) -> None:
        """Share the count with the other processes."""
        if time.monotonic() < self.away_until:
            return
        try:
            cache.set(self.key, counted, timeout=FRESH)
        except CACHE_AWAY as error:
            self.lost(error)

    def lost(self, error: Exception) -> None:
        """Leave the cache alone for a while."""
        logger.warning("cache away: %s", error)
        self.away_until = time.monotonic() + AWAY


memories: dict[str, Memory] = {}


def stats(kind: Kind | None = None) -> dict[str, Any]:
    """Counts by state and the pace of a kind (the first one), the queues and the workers of all."""
    kind = kind or kinds.first()
    return memories.setdefault(kind.name, Memory(kind)).get()


def count(kind: Kind) -> dict[str, Any]:
    """Tasks by state, each counted up to a bound, and workers: three statements."""
    rows = kind.model.objects.all()
    stored = [status for status in Status if status != Status.PENDING]
    running, *found = together([rows.running(), *(rows.filter(status=status) for status in stored)], COUNTED + 1)
    counts: dict[str, int] = {str(status): number for status, number in zip(stored, found, strict=True)}
    capped = [status for status, number in counts.items() if number > COUNTED]
    counts = {status: min(number, COUNTED) for status, number in counts.items()}
    if Status.CREATED not in capped:  # as many or more wait, whatever is being worked on
        counts[Status.CREATED] -= running
    return {"counts": {**counts, "pending": running}, "capped": capped, "workers": alive().count()}


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
