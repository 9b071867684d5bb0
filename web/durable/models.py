"""The rows: a task of any kind, the batch that it came in, and the claims that say who works on what."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, TextChoices, Value, When
from django.db.models.base import ModelBase
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Concat, Now, StrIndex
from django.db.models.query import ModelIterable
from django.utils.translation import gettext_lazy as _

from durable import kinds
from durable.by import NAME, REQUEST
from durable.celery.broker import SINGLE
from durable.counters import Counter
from durable.errors import describe
from durable.events import Event
from durable.kinds import Kind
from durable.leases import Lease
from durable.pauses import Pause
from durable.tallies import Tally
from durable.tokens import Token
from durable.totals import Total
from durable.words import Sentence
from durable.workers import Worker

__all__ = [
    "Batch", "Claim", "Counter", "Event", "Lease", "Pause", "Status", "Tally", "Task", "Token", "Total", "Worker",
]  # fmt: skip


class Status(TextChoices):
    # stored; it begins when it is due (`due_time`). A state of its own, so that such rows lengthen no walk
    SCHEDULED = "scheduled", _("scheduled")
    # stored; a message for it is on its way or will be sent by the sweep
    CREATED = "created", _("created")
    # a worker has claimed it. No row says so: it is a created one that a claim covers
    PENDING = "pending", _("pending")
    # its result is stored
    SUCCESS = "success", _("success")
    # it ended without a result; `error` says why
    FAILED = "failed", _("failed")
    # somebody stopped it before it ended
    CANCELLED = "cancelled", _("cancelled")


CANCELLABLE = (Status.SCHEDULED, Status.CREATED, Status.PENDING)
RETRIABLE = (Status.FAILED, Status.CANCELLED)
ENDED = (Status.SUCCESS, Status.FAILED, Status.CANCELLED)


WORDS = 200  # characters of what a task says about its progress
FILE_NAME = 120  # of the name of an uploaded file


def among(ids: Collection[int]) -> Q:
    """Rows by id: where none is missing in between, MySQL walks a range instead of looking each one up."""
    first, last = min(ids, default=0), max(ids, default=0)
    whole = len(set(ids)) == last - first + 1
    return Q(id__range=(first, last)) if whole else Q(id__in=ids)


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


class Seen(ModelIterable):  # type: ignore[type-arg]
    """Rows of TaskQuerySet.shown as people see them: while a claim covers one, it tells who runs it since when."""

    def __iter__(self) -> Iterator[Any]:
        for task in super().__iter__():
            if task.holder:
                task.status, task.worker, task.attempts = Status.PENDING, task.holder, task.attempts + 1
                changed = [task.update_time, task.claimed, *([task.progress_time] if task.progress_time else [])]
                task.start_time, task.update_time = task.claimed, max(changed)
            if task.progress is None:
                task.progress_words = ""
            yield task


class TaskQuerySet(models.QuerySet[Any]):
    @property
    def kind(self) -> Kind:
        """The kind of its rows."""
        kind: Kind = self.model.kind
        return kind

    def shown(self) -> "TaskQuerySet":
        """Rows with the claim that covers each, so that they say `pending` where that is so: one statement."""
        rows: TaskQuerySet = self.annotate(
            holder=self.told("holder", models.CharField()),
            claimed=self.told("claimed", models.DateTimeField()),
            **{name: self.told(name, field) for name, field in PROGRESS.items()},
        )
        rows._iterable_class = Seen
        return rows

    def told(self, name: str, type: "models.Field[Any, Any] | None" = None, worker: str = "") -> RawSQL:
        """One of the expressions about claims; without a type, a condition. `worker` is whose claim does not count."""
        sql, params = compiled(self.kind, connection.vendor)[name]
        values = [worker if value == WORKER else value for value in params]
        return RawSQL(sql, values, output_field=type or models.BooleanField())  # noqa: S611

    def waiting(self) -> "TaskQuerySet":
        """Created rows that nobody has claimed."""
        return self.filter(self.told("free"), status=Status.CREATED)

    def running(self, since: datetime | None = None) -> "TaskQuerySet":
        """Created rows that somebody has claimed (since then, or that have told of their progress since).

        Where to look is asked before, since no index has it; whether each is claimed, the statement itself decides.
        """
        held, spans, ends = active(self.kind), Q(pk__in=[]), list[Any](("first", "last"))
        if since:
            # a claim that is older tells of one task at most
            begun = Q(start_time__gte=since)
            held = held.filter(begun | Q(progress_time__gte=since))
            ends = [Case(When(begun, then=end), default="progress_task") for end in ("first", "last")]
        for first, last in held.values_list(*ends):
            spans |= Q(pk__range=(first, last))
        return self.filter(spans, self.told("covered"), status=Status.CREATED)

    def cancel(self, ids: Sequence[int]) -> int:
        """Stop tasks that have not ended; a run that is under way finds its row no longer open."""
        stored = (Status.SCHEDULED, Status.CREATED)
        return self.filter(among(ids), status__in=stored).update(
            status=Status.CANCELLED, due_time=None, update_time=Now()
        )

    def retry(self, ids: Sequence[int]) -> int:
        """Start ended tasks over, as if nobody had tried them; the round keeps runs of before away from them."""
        return self.filter(among(ids), status__in=RETRIABLE).update(
            **self.kind.empty,
            status=Status.CREATED, round=F("round") + 1, attempts=0, error="", reason=None, worker="",
            start_time=None, update_time=Now(),
        )  # fmt: skip

    def touch(self, ids: Sequence[int], before: Any) -> int:
        """Note that the rows are being published again; 0 if another sweep was first."""
        return self.filter(among(ids), status=Status.CREATED, update_time__lt=before).update(update_time=Now())


class TaskBase(ModelBase):
    """Makes a kind of each model that extends Task: its indexes, and its entry in the registry."""

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **kwargs: Any) -> Any:
        """As Django makes a model, with one index for each query that exists."""
        work, meta = attrs.get("Work"), attrs.get("Meta")
        if work is not None:
            if objection := kinds.objection(name, work):
                raise ImproperlyConfigured(objection)
            own = list(getattr(meta, "indexes", ()))
            attrs["Meta"] = type("Meta", (meta,) if meta else (), {"indexes": [*own, *indexes(work)]})
        model: Any = super().__new__(cls, name, bases, attrs, **kwargs)
        if work is not None:
            model.kind = Kind(model)
            kinds.register(model.kind)
        elif not model._meta.abstract:
            raise ImproperlyConfigured(f"{name} extends Task without a class Work: name its inputs and outputs there.")
        return model


def indexes(work: Any) -> list[models.Index]:
    """InnoDB ends each with the id, so that `status` also gives the newest first."""
    columns = [
        # the list, filtered, and the counts; the waiting rows
        ["status"],
        *([name] for name in getattr(work, "filters", ())),
        # a batch: its list and results, and its progress
        ["batch"],
        ["batch", "status"],
        # what has changed, and the purge's old ones
        ["update_time"],
        # what is due: nothing but scheduled rows has one
        ["due_time"],
    ]
    return [models.Index(fields=fields) for fields in columns]


class Batch(models.Model):
    """Tasks that came in one upload."""

    kind = models.CharField(_("kind"), max_length=64)
    total = models.PositiveIntegerField()
    idempotency_key = models.CharField(max_length=64, null=True, default=None, unique=True, editable=False)
    # what the key stands for: another upload with the same key is a mistake
    fingerprint = models.CharField(max_length=64, editable=False)
    created_by = models.CharField(_("created by"), max_length=NAME, default="", db_default="", blank=True)
    create_time = models.DateTimeField(_("creation time"), db_default=Now())
    file_name = models.CharField(_("file"), max_length=FILE_NAME, default="", db_default="", editable=False)
    request_id = models.CharField(max_length=REQUEST, default="", db_default="", editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("batch"), _("batches")

    def __str__(self) -> str:
        return str(self.pk)


class Task(models.Model, metaclass=TaskBase):
    """What every kind of task has; a kind adds its own columns, `Work` and `perform`."""

    kind: Kind  # set for each model that extends this
    # what it tells of itself while it runs: `shown` reads it from the claim
    progress: float | None = None
    progress_words = ""
    describe = staticmethod(describe)  # from a bug to the sentence that tells it

    # The rows of a batch are never touched together with it, so the database need not check.
    batch = models.ForeignKey(
        Batch, models.DO_NOTHING, null=True, default=None, db_constraint=False, db_index=False, related_name="+",
        verbose_name=_("batch"), editable=False,
    )  # fmt: skip
    status = models.CharField(_("status"), max_length=16, default=Status.CREATED, choices=Status)
    error = models.CharField(_("error"), max_length=255, default="", blank=True)
    # of an error with values in it: its template and they, so that it can be told in another language
    reason = models.JSONField(null=True, default=None, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    worker = models.CharField(_("worker"), max_length=80, default="", blank=True)
    queue = models.CharField(_("queue"), max_length=16, default=SINGLE)
    # One more with each retry and release: a message and a claim are of one round, so no old run can end a new one.
    round = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    idempotency_key = models.CharField(max_length=64, null=True, default=None, unique=True, editable=False)
    created_by = models.CharField(_("created by"), max_length=NAME, default="", db_default="", blank=True)
    create_time = models.DateTimeField(_("creation time"), db_default=Now())
    start_time = models.DateTimeField(_("start time"), null=True, default=None)
    update_time = models.DateTimeField(_("update time"), db_default=Now())
    # while it is scheduled: when it begins at the earliest, for the first time or once more
    due_time = models.DateTimeField(_("due time"), null=True, default=None)
    # of the request that created it by itself; a batch has one for all of its tasks
    request_id = models.CharField(max_length=REQUEST, default="", db_default="", editable=False)

    objects = TaskQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def can_cancel(self) -> bool:
        """Whether it has not ended."""
        return self.status in CANCELLABLE

    @property
    def can_retry(self) -> bool:
        """Whether it ended without a result."""
        return self.status in RETRIABLE

    @property
    def sentence(self) -> Sentence:
        """Its error, such that it can be told in another language."""
        template, values = self.reason or (self.error, {})
        return Sentence(template, values)
