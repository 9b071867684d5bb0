"""The rows: a task of any kind, and the batch that it came in. Django finds all others here, too."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.base import ModelBase
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from durable import kinds
from durable.by import NAME, REQUEST
from durable.celery.broker import SINGLE
from durable.claimed import Claim
from durable.counters import Counter
from durable.errors import describe
from durable.events import Event
from durable.kinds import Kind
from durable.leases import Lease
from durable.objections import objection
from durable.pauses import Pause
from durable.queries import TaskQuerySet
from durable.states import CANCELLABLE, RETRIABLE, Status
from durable.tallies import Tally
from durable.tokens import Token
from durable.totals import Total
from durable.words import Sentence
from durable.workers import Worker

__all__ = ["Batch", "Claim", "Counter", "Event", "Lease", "Pause", "Tally", "Task", "Token", "Total", "Worker"]

FILE_NAME = 120  # characters of the name of an uploaded file


class TaskBase(ModelBase):
    """Makes a kind of each model that extends Task: its indexes, and its entry in the registry."""

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **kwargs: Any) -> Any:
        """As Django makes a model, with one index for each query that exists."""
        work, meta = attrs.get("Work"), attrs.get("Meta")
        if work is not None:
            if wrong := objection(name, work):
                raise ImproperlyConfigured(wrong)
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
