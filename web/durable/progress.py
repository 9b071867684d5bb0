"""`task.progress`: how far a task is, on its process's claim, where it costs one small row and no index."""

import logging
import time
from collections.abc import Callable

from django.db import connection, connections
from django.db.models import Exists
from django.db.models.functions import Now

from durable.board import CANCEL
from durable.claimed import WORDS, Claim
from durable.claims import Held
from durable.desk import Desk
from durable.patience import DATABASE_AWAY
from durable.states import Status

logger = logging.getLogger(__name__)
EVERY = 1.0  # seconds between two writes


class Reporter:
    """What one message's tasks tell. The first word is written at once, what follows within EVERY is left out."""

    def __init__(self, claim: Held, desk: Desk, clock: Callable[[], float] = time.monotonic) -> None:
        self.claim, self.desk, self.clock = claim, desk, clock
        self.due = float("-inf")

    def tell(self, identity: int, fraction: float, words: str) -> None:
        """Write it, if it is time; Cancelled where nobody wants the outcome any more.

        In a transaction of `perform` nothing is written: it would be seen only after the commit, and the claim would be
        locked until then. Who cancels such a task interrupts it.
        """
        if self.desk.wished == CANCEL:  # told before, and not listened to
            self.desk.cancelled()
        now = self.clock()
        if now < self.due or connection.in_atomic_block:
            return
        self.due = now + EVERY
        self.desk.slot.note_asked(now)
        try:
            wanted = write(self.claim, identity, fraction, words)
        except DATABASE_AWAY as error:  # it is only told: the work need not wait
            logger.warning("progress: database away: %s", error)
            connections.close_all()
            return
        if not wanted:
            self.desk.cancelled()


def write(held: Held, identity: int, fraction: float, words: str) -> bool:
    """Write it under the claim; False if that is held no longer, or the task is not open in its round any more."""
    open_row = held.kind.model.objects.filter(pk=identity, status=Status.CREATED, round=held.round)
    mine = Claim.objects.filter(Exists(open_row), worker=held.worker, seq=held.seq, ids__isnull=False)
    return bool(
        mine.update(progress_task=identity, progress=fraction, progress_words=words[:WORDS], progress_time=Now())
    )
