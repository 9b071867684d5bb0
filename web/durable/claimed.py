"""What pool processes have claimed: a row for each of them, and what a query of tasks tells of these rows."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection, models
from django.db.models import Case, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast, Concat, StrIndex

from durable.kinds import Kind
from durable.states import Status

WORDS = 200  # characters of what a task says about its progress


class Claim(models.Model):
    """What a pool process works on: one row for each, overwritten by each message; `ids` is null between two."""

    worker = models.CharField(max_length=80, primary_key=True)
    seq = models.BigIntegerField(default=0)  # counts the process's claims: a late write names the one that it is of
    kind = models.CharField(max_length=64, default="")
    round = models.PositiveIntegerField(default=0)
    first = models.BigIntegerField(default=0)
    last = models.BigIntegerField(default=0)
    # ",3,5,9,", or empty where the claim covers all from the first to the last
    ids = models.TextField(null=True, default=None)
    start_time = models.DateTimeField(null=True, default=None)
    # what its task tells of itself (durable.progress), and of which of its tasks that is
    progress_task = models.BigIntegerField(null=True, default=None)
    progress = models.FloatField(null=True, default=None)
    progress_words = models.CharField(max_length=WORDS, default="", db_default="")
    progress_time = models.DateTimeField(null=True, default=None)
    # the task whose time is over; noted before its process is killed, so that it is known why
    late_task = models.BigIntegerField(null=True, default=None)

    def __str__(self) -> str:
        return f"{self.worker}: {self.kind} {self.first} to {self.last}"


def active(kind: Kind) -> "models.QuerySet[Claim]":
    """The claims that are held now, of one kind."""
    return Claim.objects.filter(kind=kind.name, ids__isnull=False)


def covering(kind: Kind) -> "models.QuerySet[Claim]":
    """For a query of tasks: the claim that covers the outer row."""
    place = StrIndex("ids", Concat(Value(","), Cast(OuterRef("pk"), models.CharField()), Value(",")))
    held = active(kind).filter(round=OuterRef("round"), first__lte=OuterRef("pk"), last__gte=OuterRef("pk"))
    return held.annotate(place=place).filter(Q(ids="") | Q(place__gt=0))


# What a claim tells of the one task that its process is at work on
PROGRESS: "dict[str, models.Field[Any, Any]]" = {
    "progress": models.FloatField(),
    "progress_words": models.CharField(),
    "progress_time": models.DateTimeField(),
}
WORKER = "{worker}"  # stands for a name in what is compiled


@cache
def compiled(kind: Kind, vendor: str) -> dict[str, tuple[str, Sequence[Any]]]:
    """What a query of tasks tells of claims, as SQL: Django takes ten times as long to build it as the rest.

    It names the table of the tasks, so it is for queries that begin there, not for subqueries.
    """
    claim, open_row = covering(kind), Q(status=Status.CREATED)
    telling = active(kind).filter(round=OuterRef("round"), progress_task=OuterRef("pk"))
    rows = kind.model.objects.annotate(
        holder=Case(When(open_row, then=Subquery(claim.values("worker")[:1]))),
        claimed=Case(When(open_row, then=Subquery(claim.values("start_time")[:1]))),
        **{name: Case(When(open_row, then=Subquery(telling.values(name)[:1]))) for name in PROGRESS},
        covered=Exists(claim),
        free=~Exists(claim),
        free_but=~Exists(claim.exclude(worker=WORKER)),
    )
    compiler = rows.query.get_compiler(connection=connection)
    return {name: compiler.compile(expression) for name, expression in rows.query.annotations.items()}
