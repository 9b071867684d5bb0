"""Leases: who of several processes does what only one needs to do, by the database's clock alone."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

# How long the others wait for one that was killed, frozen or cut off.
LASTS = timedelta(seconds=5)
CLOCKWORK = "clockwork"  # the name of the one that there is


class Lease(models.Model):
    """Who is to do something, and until when. It stops nobody: what is done under a lease is safe twice at once."""

    name = models.CharField(max_length=32, primary_key=True)
    holder = models.CharField(max_length=80, default="", db_default="")
    until = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"


def make(name: str) -> None:
    """See to it that there is a row to take."""
    Lease.objects.get_or_create(name=name)


def take(name: str, holder: str) -> bool:
    """Take it if it is free, or renew it: one statement. False: somebody else has it."""
    free = Lease.objects.filter(Q(holder=holder) | Q(until__lte=Now()), name=name)
    return bool(free.update(holder=holder, until=Now() + LASTS))


def give_back(name: str, holder: str) -> None:
    """Let the others have it at once."""
    Lease.objects.filter(name=name, holder=holder).update(holder="", until=Now())
