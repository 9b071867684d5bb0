"""What the whole is doing, at a cost that neither the table's size nor the number of viewers raises."""

import logging
import time
from collections import Counter as Numbers
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.core.cache import cache
from django.db.models import Avg

from durable import counters, kinds
from durable.claimed import active
from durable.counts import together
from durable.kinds import Kind
from durable.pauses import in_force
from durable.redis_away import ERRORS, told
from durable.states import Status
from durable.workers import alive

logger = logging.getLogger(__name__)
COUNTED = 100_000  # a state's tasks are counted up to here
FRESH = 1.0  # seconds for which an answer is given again
AWAY = 5.0  # seconds for which a cache that failed is not asked again
STEPS, MINUTE = 60, 6  # of the history, ten minutes; of the last minute


class Memory:
    """The answer of a moment ago: this process's, else the cache's, else a new one."""

    def __init__(self, key: str, count: Callable[[], dict[str, Any]]) -> None:
        self.key, self.count = key, count
        self.answer: dict[str, Any] = {}
        self.until = self.away_until = 0.0

    def get(self) -> dict[str, Any]:
        """The numbers; computed at most once a second by all processes together."""
        if time.monotonic() < self.until:
            return self.answer
        answer = self.ask()
        if answer is None:
            answer = self.count()
            self.tell(answer)
        self.answer, self.until = answer, time.monotonic() + FRESH
        return answer

    def ask(self) -> dict[str, Any] | None:
        """What the cache has."""
        if time.monotonic() < self.away_until:
            return None
        try:
            found: dict[str, Any] | None = cache.get(self.key)
        except ERRORS as error:
            self.lost(error)
            return None
        return found

    def tell(self, counted: dict[str, Any]) -> None:
        """Share the count with the other processes."""
        if time.monotonic() < self.away_until:
            return
        try:
            cache.set(self.key, counted, timeout=FRESH)
        except ERRORS as error:
            self.lost(error)

    def lost(self, error: Exception) -> None:
        """Leave the cache alone for a while."""
        logger.warning("cache away: %s", told(error))
        self.away_until = time.monotonic() + AWAY


memories: dict[str, Memory] = {}


def stats(kind: Kind | None = None) -> dict[str, Any]:
    """Counts by state and the pace of a kind (the first one), and the workers of all."""
    kind = kind or kinds.first()
    return memories.setdefault(kind.name, Memory(f"counts:{kind.name}", partial(count, kind))).get()


def count(kind: Kind) -> dict[str, Any]:
    """Tasks by state, each counted up to a bound, workers, a pause, progress, and what was done: four statements."""
    rows = kind.model.objects.all()
    stored = [status for status in Status if status != Status.PENDING]
    states = (rows.filter(status=status) for status in stored)
    asked = (alive(), in_force().filter(pk=kind.name), rows.running(), *states)
    workers, paused, running, *found = together(asked, COUNTED + 1)
    counts: dict[str, int] = {str(status): number for status, number in zip(stored, found, strict=True)}
    capped = [str(status) for status, number in counts.items() if number > COUNTED]
    counts = {status: min(number, COUNTED) for status, number in counts.items()}
    if Status.CREATED not in capped:  # as many or more wait, whatever is being worked on
        counts[Status.CREATED] -= running
    told = {"capped": capped, "workers": workers, "paused": bool(paused), "queue_depth": counts[Status.CREATED]}
    return {"counts": {**counts, "pending": running}, **told, "progress": progress(kind), **pace(kind)}


def progress(kind: Kind) -> float | None:
    """How far the running tasks are on average, of those that tell it: one statement."""
    told: float | None = active(kind).filter(progress_task__isnull=False).aggregate(mean=Avg("progress"))["mean"]
    return told


def pace(kind: Kind) -> dict[str, Any]:
    """What was done in the last minutes, as JSON has it: one statement."""
    steps, minute = counters.steps(kind.name, STEPS), Numbers[str]()
    for _, numbers in steps[-MINUTE:]:
        minute.update(numbers)
    lately = counters.told(minute)
    times = {name: value for name, value in lately.items() if name.endswith("_ms")}
    history = [
        {"time": datetime.fromtimestamp(start, UTC).isoformat(), **counters.told(numbers)} for start, numbers in steps
    ]
    return {"throughput": round(lately["ended"] / (MINUTE * counters.STEP), 1), **times, "history": history}
