"""The sweep: brings back what dead workers held, and what no message stands for."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.db import connections
from django.db.models import F
from django.utils.dateparse import parse_datetime
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from durable import claims, kinds, limits, messages, sent_back
from durable.celery.broker import QUEUES, SINGLE
from durable.celery.depths import depths_of
from durable.claimed import active
from durable.indexes import walking
from durable.kinds import Kind
from durable.patience import DATABASE_AWAY
from durable.pauses import Pause
from durable.sent_back import Behind
from durable.states import Status
from durable.tallies import tallies
from durable.tasks import send
from durable.workers import GRACE, alive, process_name

logger = logging.getLogger(__name__)
AWAY = (*DATABASE_AWAY, BrokerError, RedisError)
PROBE_SECONDS = 60  # at least: a probe waits behind what all processes are at work on
TICK = timedelta(milliseconds=1)  # of SQLite's clock
LIMIT = 20_000  # rows of a kind and queue that one sweep looks through: bounds its time
Waiting = tuple[int, int, int]  # id, round, attempts
NOTHING = Behind()


def sweep() -> None:
    """Safe to run twice at once."""
    try:
        release_lost()
        go_on()
        find_forgotten()
        tallies.add("sweeps")
    except AWAY as error:
        logger.warning("sweep: put off, %s", error)
        connections.close_all()


def release_lost() -> None:
    """Give the rows of dead workers to others, and publish them at once.

    Each alone: a task that kills its worker takes no neighbour with it.
    """
    for claim in claims.lost():
        found = claims.release(claim)
        logger.warning("sweep: %d tasks of %s are tried again", len(found), claim.worker)
        tallies.add("brought back", "lost worker", len(found))
        for identity, queue in found:
            send(claim.kind, claim.round + 1, [identity], queue=queue)


def go_on() -> None:
    """Publish what waits of kinds that were resumed. The pause's row goes last: another sweep may take over."""
    resumed = Pause.objects.exclude(resume_time=None).annotate(before=F("resume_time") + TICK)
    for name, before in resumed.values_list("kind", "before"):
        for queue in QUEUES if name in kinds.registry else ():
            tallies.add("brought back", "resumed", republish_kind(kinds.get(name), queue, before))
        Pause.objects.filter(pk=name, resume_time__lt=before).delete()


def find_forgotten() -> None:
    """Publish again the waiting rows that the broker has forgotten, without flooding a queue that is merely long."""
    clock = alive().order_by("-beat_time").values_list("beat_time", flat=True).first()
    if clock is None:
        return
    depths = depths_of(QUEUES)
    # Empty queues first: they can do without the cache, which may be away on its own where Redis is not the broker.
    for queue, waiting in sorted(depths.items(), key=lambda pair: pair[1]):
        if waiting == 0:
            republish(queue, clock - GRACE)
            sent_back.forget(queue)
        elif cache.add(f"probe:{queue}", 1, timeout=max(PROBE_SECONDS, limits.longest())):
            # The queue is long, or it merely never empties: what is published before the probe comes out before it.
            # What workers take a part of goes on behind it: that is known by its number.
            probe.apply_async(args=(queue, (clock - GRACE).isoformat(), sent_back.counted(queue)), queue=queue)


@shared_task(name="durable.probe")
def probe(queue: str, before: str, number: int = 0) -> None:
    """Came through the queue: rows that were waiting before it, and still wait, and not behind it, have no message."""
    cache.delete(f"probe:{queue}")
    moment, behind = parse_datetime(before), sent_back.since(queue, number)
    sent_back.forget(queue, number)
    assert moment is not None
    if behind is not None:
        republish(queue, moment, behind)
        tallies.flush(process_name())


def republish(queue: str, before: datetime, behind: Behind = NOTHING) -> None:
    """Publish waiting rows that nothing has touched since then, marking each so that it is done once."""
    paused = set(Pause.objects.values_list("kind", flat=True))
    for kind in kinds.every():
        if kind.name not in paused and (sent := republish_kind(kind, queue, before, behind)):
            logger.warning("sweep: %d waiting tasks (%s) had no message and are published again", sent, kind.name)
            tallies.add("brought back", "lost message", sent)


def republish_kind(kind: Kind, queue: str, before: datetime, behind: Behind = NOTHING) -> int:
    """Those of one kind; how many."""
    sent = 0
    for round, chunk in chunks(overdue(kind, queue, before, behind)):
        if kind.model.objects.touch(chunk, before):
            send(kind.name, round, chunk, queue=queue)
            sent += len(chunk)
    return sent


def chunks(rows: Sequence[Waiting]) -> Iterator[tuple[int, Sequence[int]]]:
    """(round, ids) of messages: what was tried before goes alone, since it may have killed its worker."""
    by_round = lambda row: (row[1], row[2] > 0)  # noqa: E731
    for (round, tried), group in groupby(sorted(rows, key=by_round), key=by_round):
        for chunk in messages.cut([row[0] for row in group], 1 if tried else messages.MOST):
            yield round, chunk


def overdue(kind: Kind, queue: str, before: datetime, behind: Behind = NOTHING) -> list[Waiting]:
    """The queue's waiting rows that nothing has touched since then and that are not sent back, the oldest first.

    Looks through LIMIT waiting rows. What is behind them comes into sight as these are worked off: an index of its own,
    which every outcome would have to change, costs a fifth of the throughput. Claims are read after the rows: what was
    claimed meanwhile is no longer forgotten.
    """
    # Single tasks are in sight however many rows of batches wait.
    alone = {"batch": None} if queue == SINGLE else {}
    rows: Any = kind.model.objects.filter(status=Status.CREATED, **alone).order_by("id")
    limit = LIMIT + sum(len(claims.ids_of(claim)) for claim in active(kind))  # what is claimed uses none of it up
    with walking(kind, *(("batch", "status") if alone else ("status",))):
        waiting = list(rows.values_list("id", "round", "attempts", "queue", "update_time")[:limit])
    old = [row[:3] for row in waiting if row[3] == queue and row[4] < before and not behind.has(kind, row[0], row[1])]
    covered = claims.covered(kind) if old else None
    return [row for row in old if covered and not covered.covers(row[0], row[1])]
