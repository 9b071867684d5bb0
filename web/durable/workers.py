"""Who is alive: each Celery worker signs in the database, by the database's own clock."""

import os
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.db.models import Case, Exists, ExpressionWrapper, F, Q, When
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from durable.kinds import Kind
from durable.pauses import in_force, is_paused
from durable.words import Sentence, say

BEAT_SECONDS = 1.0
# Without a sign for this long, a worker counts as gone. Wrong only where it was frozen,
# and then its late result is fenced off.
GONE_AFTER = timedelta(seconds=8)
# From a row's commit to its message in the queue, and from the queue to its claim.
GRACE = timedelta(seconds=5)
# Between gathering the process ids and writing them, a new process may have claimed.
SLACK = timedelta(seconds=1)

# One life of one Celery worker; its pool processes inherit it. A restarted container
# keeps its host name and even its process ids, so these alone would not do.
NODE = f"{socket.gethostname()[:48]}-{secrets.token_hex(2)}"


class Worker(models.Model):
    """A running Celery worker: its pool's process ids, and when it last signed."""

    name = models.CharField(max_length=64, primary_key=True)
    pids = models.JSONField(default=list)
    since_time = models.DateTimeField(db_default=Now())  # has signed without a gap since
    beat_time = models.DateTimeField(db_default=Now())
    consuming = models.BooleanField(default=True)  # its loop runs: it is connected to the broker

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Sign:
    """A live worker as the sweep sees it."""

    pids: frozenset[int]
    beat_time: datetime


def process_name() -> str:
    """The name under which this process claims tasks."""
    return f"{NODE}/{os.getpid()}"


def beat(pids: Iterable[int], consuming: bool = True) -> None:
    """Sign for this worker: the pool processes that it has now, and whether it takes messages."""
    pids = list(pids)
    gap = Q(beat_time__lt=Now() - GONE_AFTER)
    row = Worker.objects.filter(name=NODE)
    # since_time first: MySQL assigns from left to right
    since = Case(When(gap, then=Now()), default=F("since_time"))
    if not row.update(pids=pids, since_time=since, beat_time=Now(), consuming=consuming):
        Worker.objects.create(name=NODE, pids=pids, consuming=consuming)


def sign_off() -> None:
    """Leave the list at a clean stop."""
    Worker.objects.filter(name=NODE).delete()


def alive() -> models.QuerySet[Worker]:
    """The workers with a fresh sign of life."""
    return Worker.objects.filter(beat_time__gt=Now() - GONE_AFTER)


def signs() -> tuple[dict[str, Sign], bool]:
    """The live workers by name, and whether one of them can witness that others are gone.

    After an outage of the database every sign is old. Only once somebody has signed
    without a gap for as long as a worker is given is another's silence its own.
    """
    witness = ExpressionWrapper(Q(since_time__lt=Now() - GONE_AFTER), output_field=models.BooleanField())
    rows = list(alive().annotate(witness=witness))
    return {row.name: Sign(frozenset(row.pids), row.beat_time) for row in rows}, any(row.witness for row in rows)


@cache
def asking(kind: Kind, vendor: str) -> tuple[str, tuple[Any, ...]]:
    """Which live workers take messages, and whether the kind is paused, as SQL: each page asks it.

    The database's clock is the only thing in it that changes, so it is built once and not for each page.
    """
    rows = alive().annotate(paused=Exists(in_force().filter(pk=kind.name))).values_list("consuming", "paused")
    sql, params = rows.query.get_compiler(connection=connection).as_sql()
    return sql, tuple(params)


def hindrance(kind: Kind) -> Sentence:
    """Why new tasks of a kind wait at the moment; empty where they do not. One statement where a worker runs."""
    with connection.cursor() as cursor:
        cursor.execute(*asking(kind, connection.vendor))
        told = cursor.fetchall()
    if any(paused for _, paused in told) or (not told and is_paused(kind)):
        return say(gettext_noop("These tasks are paused: new ones are kept, and run once somebody resumes them."))
    consuming = [each for each, _ in told]
    if not consuming:
        return say(gettext_noop("No worker is running: new tasks are kept, and run once there is one."))
    if not any(consuming):
        away = gettext_noop("{broker} is away: new tasks are kept, and run once it is back.")
        return say(away, broker=settings.BROKER.name)
    return say("")
