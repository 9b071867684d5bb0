"""The sweep: brings back what dead workers held, and what no message stands for."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.db import connections
from django.utils.dateparse import parse_datetime
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from durable import claims, kinds, messages
from durable.celery.broker import BATCHED, SINGLE
from durable.celery.depths import depths_of
from durable.indexes import walking
from durable.kinds import Kind
from durable.models import Status, active
from durable.pace import note
from durable.patience import DATABASE_AWAY
from durable.tasks import send
from durable.workers import GRACE, alive

logger = logging.getLogger(__name__)
AWAY = (*DATABASE_AWAY, BrokerError, RedisError)
QUEUES = (SINGLE, BATCHED)
PROBE_SECONDS = 60
LIMIT = 20_000  # rows of a kind and queue that one sweep looks through: bounds its time
Waiting = tuple[int, int, int]  # id, round, attempts


@shared_task(name="durable.sweep")
def sweep() -> None:
    """Safe to run twice at once."""
    try:
        release_lost()
        find_forgotten()
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
        for identity, queue in found:
            send(claim.kind, claim.round + 1, [identity], queue=queue)


def find_forgotten() -> None:
    """Publish again the waiting rows that the broker has forgotten, without flooding a queue that is merely long."""
    clock = alive().order_by("-beat_time").values_list("beat_time", flat=True).first()
    if clock is None:
        return
    depths = depths_of(QUEUES)
    # Empty queues first: they need no cache, which may be away on its own where Redis is not the broker.
    for queue, waiting in sorted(depths.items(), key=lambda pair: pair[1]):
        if waiting == 0:
            republish(queue, clock - GRACE)
        elif cache.add(f"probe:{queue}", 1, timeout=PROBE_SECONDS):
            # The queue is long, or it merely never empties: what is published before the probe comes out before it.
            probe.apply_async(args=(queue, (clock - GRACE).isoformat()), queue=queue)
    note(clock, depths)


@shared_task(name="durable.probe")
def probe(queue: str, before: str) -> None:
    """Came through the queue: rows that were waiting before it and still wait have no message."""
    cache.delete(f"probe:{queue}")
    moment = parse_datetime(before)
    assert moment is not None
    republish(queue, moment)


def republish(queue: str, before: datetime) -> None:
    """Publish waiting rows that nothing has touched since then, marking each so that it is done once."""
    for kind in kinds.every():
        sent = 0
        for round, chunk in chunks(kind, overdue(kind, queue, before)):
            if kind.model.objects.touch(chunk, before):
                send(kind.name, round, chunk, queue=queue)
                sent += len(chunk)
        if sent:
            logger.warning("sweep: %d waiting tasks (%s) had no message and are published again", sent, kind.name)


def chunks(kind: Kind, rows: Sequence[Waiting]) -> Iterator[tuple[int, Sequence[int]]]:
    """(round, ids) of messages: what was tried before goes alone, since it may have killed its worker."""
    by_round = lambda row: (row[1], row[2] > 0)  # noqa: E731
    for (round, tried), group in groupby(sorted(rows, key=by_round), key=by_round):
        for chunk in messages.cut([row[0] for row in group], 1 if tried else messages.size(kind)):
            yield round, chunk


def overdue(kind: Kind, queue: str, before: datetime) -> list[Waiting]:
    """The queue's waiting rows that nothing has touched since then, the oldest first.

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
    old = [row[:3] for row in waiting if row[3] == queue and row[4] < before]
    covered = claims.covered(kind) if old else None
    return [row for row in old if covered and not covered.covers(row[0], row[1])]
