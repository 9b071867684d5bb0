"""How many tasks may wait: a soft bound (MAX_WAITING_TASKS), kept by what this process knows of a moment ago.

A million waiting rows take MySQL half a second to count. So they are counted in steps of some milliseconds, each
followed by a pause. Between two steps a process adds what it stores itself; what others store the next round shows.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.db import OperationalError, connection
from django.utils.translation import gettext_noop

from durable import kinds
from durable.kinds import Kind
from durable.states import Status
from durable.words import Sentence, say

logger = logging.getLogger(__name__)
STEP, MILLISECONDS = 20_000, 300  # rows counted at once; what MySQL may take for it
TOO_SLOW = 3024  # of MySQL
PAUSE = 1.0  # seconds from one round to the next, at least
SHARE = 0.01  # of the time at most is spent on counting


class Full(Exception):
    """As many tasks wait as may: nothing was stored."""


class Waiting:
    """How many tasks of a kind have not ended. A round begins with the oldest and is over where nothing follows."""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.number = kind, 0
        self.found = self.place = 0  # of the round that is under way
        self.due, self.lock = 0.0, threading.Lock()

    def known(self) -> int:
        """The number, after a step where one is due and nobody else does it."""
        if time.monotonic() >= self.due and self.lock.acquire(blocking=False):
            try:
                self.step()
            finally:
                self.lock.release()
        return self.number

    def step(self) -> None:
        """Count on, and say when to do so again."""
        began, over = time.monotonic(), True
        try:
            over = self.count()
        except OperationalError as error:
            if error.args[:1] != (TOO_SLOW,):  # it is away: to store the task would wait as long once more
                raise
            logger.warning("what waits could not be counted, %d are taken for it: %s", self.number, error)
        now = time.monotonic()
        self.due = now + max(PAUSE if over else 0.0, (now - began) / SHARE)

    def count(self) -> bool:
        """One step of the round; whether it is over."""
        with connection.cursor() as cursor:
            cursor.execute(statement(self.kind), [Status.CREATED, self.place, STEP])
            seen, last = cursor.fetchone()
        self.found += seen
        if seen == STEP:
            self.number, self.place = max(self.number, self.found), last
            return False
        self.number, self.found, self.place = self.found, 0, 0
        return True


@cache
def statement(kind: Kind) -> str:
    """How many rows wait after an id, up to so many, and the last of them.

    Entries of rows that have just ended are in MySQL's index still, and after a million of them a step is no longer
    short: it is given up rather than to hold a request.
    """
    table = connection.ops.quote_name(kind.table)
    walked = f"{table} FORCE INDEX ({kind.index('status')})" if connection.vendor == "mysql" else table
    rows = f"SELECT id FROM {walked} WHERE status = %s AND id > %s ORDER BY id LIMIT %s"  # noqa: S608
    return f"SELECT /*+ MAX_EXECUTION_TIME({MILLISECONDS}) */ COUNT(*), MAX(id) FROM ({rows}) step"  # noqa: S608


waiting: dict[str, Waiting] = {}


def of(kind: Kind) -> Waiting:
    """What this process knows of it."""
    return waiting.setdefault(kind.name, Waiting(kind))


def admit(count: int, repeated: Callable[[], bool]) -> None:
    """Full where so many new tasks would be too many, unless they are no new ones."""
    most = settings.MAX_WAITING_TASKS
    if not most:
        return
    known = sum(of(kind).known() for kind in kinds.every())
    if known + count > most and not repeated():
        logger.warning("%d tasks wait, and MAX_WAITING_TASKS is %d: %d more were refused", known, most, count)
        raise Full(sentence(known, most))


def sentence(known: int, most: int) -> Sentence:
    """What to do about it."""
    template = gettext_noop(
        "Nothing was stored: about {known} tasks wait already, and at most {most} may. "
        "Send it again in a minute, a large file in parts."
    )
    return say(template, known=f"{known:,}", most=f"{most:,}")


def stored(kind: Kind, count: int) -> None:
    """So many more wait: this process has stored them."""
    of(kind).number += count
