"""What workers are sent: run works on what a message names; sweep, probe and purge look after the rows."""

import logging
import time
from collections.abc import Sequence
from typing import Any

from celery import Task, shared_task
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from durable import kinds, messages
from durable.celery.broker import SINGLE
from durable.runs import Run

logger = logging.getLogger(__name__)


@shared_task(bind=True, name="durable.run")
def run(self: "Task[Any, None]", kind: str, round: int, ids: list[int]) -> None:
    """Claim, perform and finish the tasks of one message: three round trips, however many ids."""
    work = Run(kinds.get(kind), round, ids)
    queue = (self.request.delivery_info or {}).get("routing_key") or SINGLE
    try:
        work.go()
    finally:
        give_back(work, queue)
        tell(work, (self.request.headers or {}).get("request_ids", ""))
    if work.bugs:
        work.raise_bugs()


def tell(work: Run, requests: str) -> None:
    """One line per message."""
    logger.info(
        "ran kind=%s first=%s ids=%d claimed=%d failed=%d released=%d ms=%.1f requests=%s",
        work.kind.name, work.ids[0], len(work.ids), work.claimed, work.failed, len(work.again) + len(work.unbegun),
        (time.monotonic() - work.started) * 1000, requests,
    )  # fmt: skip


def give_back(work: Run, queue: str) -> None:
    """Publish at once what is to be tried again; if the broker is away, the sweep does it."""
    try:
        for ids, size in ((work.again, messages.size(work.kind)), (work.unbegun, work.size)):
            for chunk in messages.cut(ids, size):
                send(work.kind.name, work.round + 1, chunk, queue=queue)
    except (BrokerError, RedisError) as error:
        logger.warning("broker away, %d tasks are left to the sweep: %s", len(work.again + work.unbegun), error)


def send(kind: str, round: int, ids: Sequence[int], request_ids: Sequence[str] = (), queue: str = SINGLE) -> None:
    """Publish one message; raises kombu's OperationalError where the broker is away."""
    run.apply_async(args=(kind, round, list(ids)), queue=queue, headers={"request_ids": ",".join(request_ids)})
