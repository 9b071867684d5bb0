"""Queries of tasks, as people see them and as they are changed: each change is one conditional UPDATE."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.models import Case, F, Q, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.db.models.query import ModelIterable

from durable.claimed import PROGRESS, WORKER, active, compiled
from durable.kinds import Kind
from durable.states import RETRIABLE, Status


def is_whole(ids: Collection[int]) -> bool:
    """Whether none is missing in between."""
    return len(set(ids)) == max(ids, default=0) - min(ids, default=0) + 1


def among(ids: Collection[int]) -> Q:
    """Rows by id: where none is missing in between, MySQL walks a range instead of looking each one up."""
    return Q(id__range=(min(ids), max(ids))) if ids and is_whole(ids) else Q(id__in=ids)


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
