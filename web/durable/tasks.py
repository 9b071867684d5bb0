"""What workers are sent: run works on what a message names."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from celery import Task, shared_task
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from durable import claims, kinds, limits, logs, messages, sent_back
from durable.celery.broker import BATCHED, SINGLE
from durable.kinds import Kind
from durable.patience import patiently
from durable.runs import Run

logger = logging.getLogger(__name__)
BESIDE_SINGLES = 100  # tasks of a batch at once: fast ones take some 20 ms
SINGLES_SECONDS = 5.0


class Singles:
    """When this process last worked on a single task."""

    seen = float("-inf")  # time.monotonic()

    def come(self) -> None:
        """Now."""
        self.seen = time.monotonic()

    def are_about(self) -> bool:
        """Whether the next one may be near."""
        return time.monotonic() - self.seen < SINGLES_SECONDS


singles = Singles()


@shared_task(bind=True, name="durable.run")
def run(self: "Task[Any, None]", kind: str, round: int, ids: list[int], portion: int = 0) -> None:
    """Claim, perform and finish the tasks of one message, or a portion of them: two round trips, however many ids."""
    queue = (self.request.delivery_info or {}).get("routing_key") or SINGLE
    if queue == SINGLE:
        singles.come()
    requests: str = (self.request.headers or {}).get("request_ids", "")
    # What a message of several requests says is about them as a whole.
    with logs.about(request_id=requests):
        work_on(self.request.id or "", kinds.get(kind), round, ids, portion, queue, requests)


def work_on(message: str, kind: Kind, round: int, ids: list[int], portion: int, queue: str, requests: str) -> None:
    """The same, known where it came from."""
    mine = share(kind, round, ids, portion, queue, requests)
    if not mine:
        logger.info("dropped kind=%s first=%s ids=%d", kind.name, ids[0], len(ids))
        return
    work = Run(kind, round, mine, message, queue)
    try:
        work.go()
    finally:
        give_back(work, queue)
        tell(work)
    if work.bugs:
        work.raise_bugs()


def share(kind: Kind, round: int, ids: list[int], portion: int, queue: str, requests: str) -> list[int]:
    """What this process takes of a message. The rest goes back to the queue at once, where others see it.

    So many slow tasks are few messages, and what of a long one is no longer there to be done, all of it maybe, one
    statement finds out.
    """
    portion = min(portion or messages.size(kind), messages.size(kind))
    if len(ids) > portion:
        ids = patiently(lambda: claims.free_ids(kind, round, ids))
        send_back(kind, round, ids[portion:], queue, portion, requests)
    elif queue == BATCHED and len(ids) > BESIDE_SINGLES and singles.are_about():
        # Who waits for this process waits for the end of 100 tasks of a batch, not of 500.
        send_back(kind, round, ids[BESIDE_SINGLES:], queue, portion, requests, most=BESIDE_SINGLES)
        return ids[:BESIDE_SINGLES]
    return ids[:portion]


def tell(work: Run) -> None:
    """One line per message."""
    ms = round((time.monotonic() - work.started) * 1000, 1)
    logger.info(
        "ran kind=%s first=%s ids=%d claimed=%d failed=%d released=%d ms=%.1f",
        work.kind.name, work.ids[0], len(work.ids), work.claimed, work.failed, len(work.again) + len(work.unbegun),
        ms, extra={"ms": ms},
    )  # fmt: skip


def give_back(work: Run, queue: str) -> None:
    """Publish at once what is to be tried again."""
    for ids, portion in ((work.again, 0), (work.unbegun, work.portion)):
        with left_to_the_sweep(ids):
            publish(work.kind, work.round + 1, ids, queue, portion)


def send_back(
    kind: Kind, round: int, ids: Sequence[int], queue: str, portion: int, requests: str, most: int = messages.MOST
) -> None:
    """Publish what is left of a message; the sweep, whose probe may be in the queue, has to know (durable.sweep)."""
    if ids:
        sent_back.note(queue, kind, round, ids)
        with left_to_the_sweep(ids):
            publish(kind, round, ids, queue, portion, requests, most)


def publish(
    kind: Kind, round: int, ids: Sequence[int], queue: str, portion: int, requests: str = "", most: int = messages.MOST
) -> None:
    """In messages of so many at most."""
    for chunk in messages.cut(ids, most):
        send(kind.name, round, chunk, [requests] if requests else [], queue=queue, portion=portion)


@contextmanager
def left_to_the_sweep(ids: Sequence[int]) -> Iterator[None]:
    """If the broker is away, it publishes them."""
    try:
        yield
    except (BrokerError, RedisError) as error:
        logger.warning("broker away, %d tasks are left to the sweep: %s", len(ids), error)


def send(
    kind: str, round: int, ids: Sequence[int], request_ids: Sequence[str] = (), queue: str = SINGLE, portion: int = 0
) -> None:
    """Publish one message; raises kombu's OperationalError where the broker is away.

    `portion` is how many of the ids a worker is to take at once, where that is fewer than the kind says.
    """
    run.apply_async(
        args=(kind, round, list(ids), portion), queue=queue, headers={"request_ids": ",".join(request_ids)},
        **limits.options(kinds.get(kind)),
    )  # fmt: skip
