"""Why tasks failed: the newest failures, grouped by what they say."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from durable.filters import Filters
from durable.indexes import walking
from durable.kinds import Kind
from durable.states import Status
from durable.words import Sentence

LOOKED_AT = 10_000  # of the newest failures: what one look costs is bounded
GROUPS = 20


@dataclass(frozen=True)
class Failure:
    """How many failed with the same error, and when the newest one of them did."""

    sentence: Sentence
    count: int
    time: datetime


def failures(kind: Kind, batch: int | None = None) -> list[Failure]:
    """The most frequent errors of the newest failures (of a batch), most frequent first: two statements."""
    filters = Filters(status=Status.FAILED, batch=batch)
    newest = filters.narrow(kind.model.objects.all()).order_by("-id").values("id", "error")[:LOOKED_AT]
    sql, params = newest.query.sql_with_params()
    groups = f"SELECT error, COUNT(*), MAX(id) FROM ({sql}) n GROUP BY error ORDER BY 2 DESC, 3 DESC LIMIT {GROUPS}"  # noqa: S608
    with walking(kind, *filters.columns), connection.cursor() as cursor:
        cursor.execute(groups, params)
        found = cursor.fetchall()
    # The same error may have been made of other values; what the newest one says stands for all.
    rows = kind.model.objects.in_bulk([identity for _, _, identity in found])
    known = [(rows[identity], count) for _, count, identity in found if identity in rows]
    return [Failure(task.sentence, int(count), task.update_time) for task, count in known]
