"""Due rows: what was put off becomes a waiting task when its time has come, and gets its message."""

import logging
import time
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from django.db import connections
from django.db.models import F
from django.db.models.functions import Now
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from durable import kinds, messages
from durable.claims import LATE, LOST
from durable.indexes import walking
from durable.kinds import Kind
from durable.patience import DATABASE_AWAY
from durable.queries import among
from durable.states import Status
from durable.tallies import tallies
from durable.tasks import send

logger = logging.getLogger(__name__)
CHUNK = 1_000  # rows per UPDATE: locks for milliseconds
SECONDS = 5.0  # for one call; what is left is for the next


class Due(NamedTuple):
    """A row whose time has come. It waits from now on, in a round of its own."""

    id: int
    queue: str
    round: int
    error: str
    reason: list[Any] | None

    @property
    def killed(self) -> bool:
        """Whether the last attempt took its process along."""
        return self.error == LOST or bool(self.reason and self.reason[0] == LATE)


def publish_due() -> None:
    """Start what is due, chunk by chunk, the kinds in turn. Safe to run twice at once, and to be killed anywhere.

    A row waits as any other from its UPDATE on: if its message is not sent, the sweep finds it.
    """
    left, end, broker = kinds.every(), time.monotonic() + SECONDS, True
    try:
        while left and time.monotonic() < end:
            for kind in list(left):
                rows = begin(kind)
                if len(rows) < CHUNK:
                    left.remove(kind)
                broker = broker and sent(kind, rows)
    except DATABASE_AWAY as error:
        logger.warning("due tasks: put off, %s", error)
        connections.close_all()


def begin(kind: Kind) -> list[Due]:
    """Have the next rows that are due wait for a worker. If another was first with all of them, it publishes them."""
    scheduled = kind.model.objects.filter(status=Status.SCHEDULED, due_time__lte=Now())
    with walking(kind, "due_time"):
        rows = [Due(*row) for row in scheduled.order_by("due_time").values_list(*Due._fields)[:CHUNK]]
    # Due still: another may have begun it, and it may have failed and be put off once more.
    changed = rows and scheduled.filter(among([row.id for row in rows])).update(
        status=Status.CREATED, due_time=None, round=F("round") + 1, update_time=Now()
    )
    tallies.add("due", number=changed or 0)
    return rows if changed else []


def sent(kind: Kind, rows: Sequence[Due]) -> bool:
    """Publish them; what killed its worker goes alone. False where the broker is away: it need not be asked again."""
    group_of = lambda row: (row.queue, row.round, row.killed)  # noqa: E731
    try:
        for (queue, round, alone), group in groupby(sorted(rows, key=group_of), key=group_of):
            for chunk in messages.cut([row.id for row in group], 1 if alone else messages.MOST):
                send(kind.name, round + 1, chunk, queue=queue)
    except (BrokerError, RedisError) as error:
        logger.warning("broker away, due tasks are left to the sweep: %s", error)
        return False
    return True
