"""How fast work was done in the last minutes: the sweep notes it in the cache, ten seconds at a time."""

import statistics
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.utils.dateparse import parse_datetime

from durable import kinds
from durable.indexes import walking
from durable.kinds import Kind
from durable.models import Status

STEP = timedelta(seconds=10)
SETTLED = timedelta(seconds=2)
KEPT = 60  # steps: ten minutes
MOST = 2_000  # tasks counted in one step: each is looked up
SAMPLE = 100  # tasks whose waiting time is looked at
RAN = (Status.SUCCESS, Status.FAILED)


def key(kind: Kind) -> str:
    """Where the cache has it."""
    return f"pace:{kind.name}"


def note(clock: datetime, depths: dict[str, int]) -> None:
    """Note the step of the database's `clock`, and the one before once more, which has only now come to its end."""
    for kind in kinds.every():
        note_one(kind, clock, depths)


def note_one(kind: Kind, clock: datetime, depths: dict[str, int]) -> None:
    """The same for one kind; the queues are those of all."""
    noted: dict[str, Any] = cache.get(key(kind)) or {"steps": []}
    begin = clock - timedelta(seconds=clock.second % STEP.seconds, microseconds=clock.microsecond)
    steps = {step["time"]: step for step in noted["steps"]}
    # What ended in a step is seen when it is committed, shortly after.
    final = parse_datetime(noted.get("clock", "")) or begin
    for start in (begin,) if final - begin > SETTLED else (begin - STEP, begin):
        number, waited = ended(kind, start, min(start + STEP, clock)), waiting(kind, start)
        steps[start.isoformat()] = {"time": start.isoformat(), "ended": number, "waiting_ms": waited}
    kept = sorted(steps.values(), key=lambda step: str(step["time"]))[-KEPT:]
    cache.set(key(kind), {"clock": clock.isoformat(), "depths": depths, "steps": kept}, timeout=KEPT * STEP.seconds)


def ended(kind: Kind, start: datetime, end: datetime) -> int:
    """How many tasks ended between the two: counted up to a bound, beyond it by the pace of the last ones."""
    rows = kind.model.objects.filter(status__in=RAN, update_time__gte=start, update_time__lt=end)
    rows = rows.order_by("-update_time")
    with walking(kind, "update_time"):
        beyond = list(rows.values_list("update_time", flat=True)[MOST : MOST + 1])
        if not beyond:
            return int(rows.values("pk")[:MOST].count())
    return round(MOST * float((end - start) / (end - beyond[0])))


def waiting(kind: Kind, start: datetime) -> float | None:
    """From creation to start in milliseconds, the median of the step's last tasks; a retried one would spoil a mean."""
    rows = kind.model.objects.filter(status__in=RAN, update_time__gte=start, update_time__lt=start + STEP)
    with walking(kind, "update_time"):
        times = list(rows.order_by("-update_time").values_list("create_time", "start_time")[:SAMPLE])
    waits = [(began - made).total_seconds() * 1000 for made, began in times if began]
    return round(statistics.median(waits), 1) if waits else None
