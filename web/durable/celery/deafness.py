"""A worker that is alive and hears nothing: how that is seen, and what is done."""

import logging
import os
import time
from collections.abc import Callable
from typing import Any

from celery.worker.state import all_total_count, reserved_requests
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from durable.celery.broker import QUEUES
from durable.celery.depths import depths_of

logger = logging.getLogger(__name__)
LOOK_EVERY = 8.0  # seconds between two looks at the broker, and only when there is reason to look
HANGS_AFTER = 10.0  # seconds without a turn of the consumer's loop; reconnecting takes 2
QUIET_AFTER = 10.0  # seconds without a message and without asking for one; Redis is asked every second
EXIT_CODE = 70


def channel_of(worker: Any) -> Any:
    """The channel that the worker consumes from; None while it is not connected."""
    return getattr(getattr(worker.consumer, "task_consumer", None), "channel", None)


def asked_at(worker: Any) -> float | None:
    """When the worker last asked Redis for a message (BRPOP), in time.monotonic(); None for other brokers."""
    moment: float | None = getattr(channel_of(worker), "_brpop_sent_at", None)
    return moment


def full_without_work(worker: Any) -> bool:
    """Whether the prefetch window is full although no task is being worked on.

    kombu keeps a message in the window when its acknowledgement fails (Redis died). With
    the window full no BRPOP is sent, so the broken connection is never noticed either:
    the worker would stay deaf for ever.
    """
    window = getattr(channel_of(worker), "qos", None)  # kombu's own transports, Redis among them
    return window is not None and not window.can_consume() and not reserved_requests


def messages_waiting() -> int | None:
    """How many messages wait in the queues that workers consume; None while the broker is away."""
    try:
        return sum(depths_of(QUEUES).values())
    except (OperationalError, RedisError, OSError) as error:
        logger.debug("deafness: broker away: %s", error)
        return None


class Watch:
    """Judges whether a worker is deaf, from signs that cost nothing while it is not.

    Deaf is a worker whose consumer's loop does not turn, or that neither got a message nor
    asked Redis for one for a while; with a broker that pushes, one that gets nothing although
    messages wait. A broker that is away makes nobody deaf: its outage restarts no worker.
    """

    def __init__(self, look: Callable[[], int | None] = messages_waiting, clock: Callable[[], float] = time.monotonic):
        self.look, self.clock = look, clock
        self.heard = -1
        self.heard_at = self.looked_at = clock()
        self.suspected = False

    def deaf(self, ticked_at: float, heard: int, busy: bool, asked: float | None) -> bool:
        """The judgement: two looks in a row, LOOK_EVERY seconds apart, must agree."""
        now = self.clock()
        if heard != self.heard or busy:
            self.heard, self.heard_at = heard, now
        hangs = now - ticked_at > HANGS_AFTER
        quiet = now - max(self.heard_at, asked or 0.0) > QUIET_AFTER
        if not (hangs or quiet):
            self.suspected = False
            return False
        if now - self.looked_at < LOOK_EVERY:
            return False
        waiting = self.look()
        # From its end: a broker that was frozen answers a look when it returns, and the worker needs its time, too.
        self.looked_at = self.clock()
        before, self.suspected = self.suspected, waiting is not None and (hangs or asked is not None or waiting > 0)
        return before and self.suspected

    def end_if_deaf(self, worker: Any, ticked_at: float) -> None:
        """End this process, so that the restart policy (or the supervisor) brings a hearing one."""
        if self.deaf(ticked_at, all_total_count[0], bool(reserved_requests), asked_at(worker)):
            logger.critical("this worker is deaf: it takes no messages any more. It ends, to be started again.")
            os._exit(EXIT_CODE)
