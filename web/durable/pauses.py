"""Pauses: a kind whose tasks wait until somebody resumes it. A row for each; creating goes on meanwhile."""

import time

from django.db import models, transaction
from django.db.models.functions import Now

from durable.by import NAME, By
from durable.events import record
from durable.kinds import Kind

FRESH = 1.0  # seconds: so long after a pause a worker may still begin a message


class Pause(models.Model):
    """That a kind is paused; once resumed, that its waiting tasks have still to be published: then the row goes."""

    kind = models.CharField(max_length=64, primary_key=True)
    created_by = models.CharField(max_length=NAME, default="", db_default="")
    create_time = models.DateTimeField(db_default=Now())
    resume_time = models.DateTimeField(null=True, default=None)

    def __str__(self) -> str:
        return self.kind


def in_force() -> "models.QuerySet[Pause]":
    """Those that nobody has ended."""
    return Pause.objects.filter(resume_time=None)


def is_paused(kind: Kind) -> bool:
    """Whether its tasks wait for somebody. One statement."""
    return in_force().filter(pk=kind.name).exists()


def pause(*, kind: Kind, by: By) -> bool:
    """Begin no more of its tasks, those that run end; False if that was so already."""
    with transaction.atomic():
        _, new = Pause.objects.get_or_create(kind=kind.name, defaults={"created_by": by.name[:NAME]})
        if not new:  # there, or resumed a moment ago
            new = bool(Pause.objects.filter(pk=kind.name, resume_time__isnull=False).update(resume_time=None))
        if new:
            record("pause", by, kind=kind.name)
    return new


def resume(*, kind: Kind, by: By) -> bool:
    """Go on; False if it was not paused. The sweep publishes what waits, so that whoever resumes may die meanwhile."""
    with transaction.atomic():
        ended = bool(in_force().filter(pk=kind.name).update(resume_time=Now()))
        if ended:
            record("resume", by, kind=kind.name)
    return ended


class Gate:
    """What a pool process asks before it claims: at most one statement a second while nothing is paused.

    That a kind is paused is asked each time: a message that is dropped because of an old answer would be missing.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.until = 0.0

    def closed(self, kind: Kind) -> bool:
        """Whether its messages are to be dropped."""
        if time.monotonic() >= self.until or kind.name in self.names:
            self.names = set(in_force().values_list("kind", flat=True))
            self.until = time.monotonic() + FRESH
        return kind.name in self.names


gate = Gate()
