"""Pages of tasks, newest first, by keyset, and what has changed since: both cost the same however long the table is."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from durable.claimed import Claim
from durable.filters import EVERYTHING, Filters
from durable.indexes import walking
from durable.kinds import Kind
from durable.queries import TaskQuerySet
from durable.words import say

PAGE = 50
# No index has both a kind's own filter and the status (or batch): each write would pay for it. So many rows of the
# other filter are looked through for one page, and `next` goes on from there.
LOOK_THROUGH = 2_000
BIGGEST_ID = 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CURSOR = re.compile(r"([0-9]{1,17})-([0-9]{1,19})", re.ASCII)
# A row gets its time when it is written and is seen when that is committed: for so long, changes are told again.
SETTLED = timedelta(seconds=2)


class BadCursor(ValueError):
    """What was given as `since` did not come from here."""


@dataclass(frozen=True)
class Page:
    """Tasks, and the cursors of what is around them; None where there is none."""

    tasks: list[Any]
    next: int | None
    previous: int | None


@dataclass(frozen=True)
class Changes:
    """Tasks that have changed, oldest change first; `more`: there are too many to tell, load the list again."""

    tasks: list[Any]
    since: str
    more: bool


def one(kind: Kind, identity: int) -> Any:
    """The task, or None."""
    return kind.model.objects.shown().filter(pk=identity).first() if 0 < identity <= BIGGEST_ID else None


def brief(kind: Kind) -> TaskQuerySet:
    """Rows as lists show them: without the long texts, unless those are `listed`."""
    rows: TaskQuerySet = kind.model.objects.shown()
    return rows.defer(*(name for name in kind.fields if name not in kind.listed))


def page(
    kind: Kind, *, filters: Filters = EVERYTHING, before: int | None = None, after: int | None = None, size: int = PAGE
) -> Page:
    """The page of tasks older than `before`, or the one just newer than `after`, or the newest."""
    rows = brief(kind)
    if after is not None:
        tasks, last = _take(kind, rows.filter(id__gt=after).order_by("id"), filters, size)
        older = tasks[0].pk if tasks else after
        return Page(tasks[::-1], older, last)
    if before is not None:
        rows = rows.filter(id__lt=before)
    tasks, last = _take(kind, rows.order_by("-id"), filters, size)
    newer = tasks[0].pk if tasks else (before or 1) - 1
    return Page(tasks, last, newer if before is not None else None)


def _take(kind: Kind, rows: TaskQuerySet, filters: Filters, size: int) -> tuple[list[Any], int | None]:
    """The first matching rows, and the id after which to go on; None where nothing follows."""
    rest = filters.uncovered
    if not rest:
        with walking(kind, *filters.columns):
            tasks = list(filters.narrow(rows)[: size + 1])
        return tasks[:size], tasks[size - 1].pk if len(tasks) > size else None
    with walking(kind, *filters.columns):
        looked = list(filters.narrow(rows, without=rest).values_list("id", *rest)[:LOOK_THROUGH])
    ids = [row[0] for row in looked if row[1:] == tuple(rest.values())]
    found = brief(kind).in_bulk(ids[:size])
    tasks = [found[identity] for identity in ids[:size] if identity in found]
    if len(ids) > size:
        return tasks, ids[size - 1]
    return tasks, looked[-1][0] if len(looked) == LOOK_THROUGH else None


def newest(kind: Kind) -> str:
    """The cursor from which nothing that is committed later is missed."""
    moment = kind.model.objects.order_by("-update_time").values_list("update_time", flat=True).first()
    return cursor(moment - SETTLED, 0) if moment else cursor(EPOCH, 0)


def fingerprint(kind: Kind) -> tuple[Any, ...]:
    """What is another one once something has changed in a list: in a row, in who works on one, or in how far that is.

    One statement. What is committed later than it says may change none: a list is kept for a second at most.
    """
    newest = f"SELECT MAX(update_time) FROM {kind.model._meta.db_table}"  # noqa: S608
    claims = f"COUNT(ids), SUM(LENGTH(ids)), SUM(seq), MAX(progress_time) FROM {Claim._meta.db_table}"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ({newest}), {claims}")
        return tuple(cursor.fetchone())


def changes(kind: Kind, *, since: str, filters: Filters = EVERYTHING, size: int = 500) -> Changes:
    """What has changed since the cursor; a change within the last seconds is told more than once."""
    moment, identity = parse_cursor(since)
    found = changed(kind, moment, identity, size)
    if not found:
        return Changes([], since, more=False)
    tasks, more = found[:size], len(found) > size
    last = (tasks[-1].update_time, tasks[-1].pk)
    if not more:
        now: datetime = vars(tasks[-1])["now"]
        last = max((moment, identity), min(last, (now - SETTLED, 0)))
    # After the LIMIT: the cost of an answer must not depend on how rare a match is.
    return Changes([task for task in tasks if filters.match(task)], cursor(*last), more)


def changed(kind: Kind, moment: datetime, identity: int, size: int) -> list[Any]:
    """The first size + 1 changes after a place in their order: rows that were written, and rows that were claimed."""
    rows = brief(kind).annotate(now=Now()).order_by("update_time", "id")
    # SQLite compares texts, and its own end after the milliseconds: .123 is less than .123000.
    edge = moment - timedelta(microseconds=1)
    with walking(kind, "update_time"):
        later_ones = rows.filter(update_time__gt=edge).exclude(update_time__lte=moment, id__lte=identity)
        written = list(later_ones[: size + 1])
    with walking(kind):
        claimed = list(rows.running(since=edge))  # asks for claims; where there are none, that is all
    found = {task.pk: task for task in (*written, *claimed)}
    later = (task for task in found.values() if (task.update_time, task.pk) > (moment, identity))
    return sorted(later, key=lambda task: (task.update_time, task.pk))[: size + 1]


def cursor(moment: datetime, identity: int) -> str:
    """A place in the order of changes, as text."""
    return f"{(moment - EPOCH) // timedelta(microseconds=1)}-{identity}"


def parse_cursor(text: str) -> tuple[datetime, int]:
    """Read what `cursor` wrote."""
    if not (found := CURSOR.fullmatch(text)):
        raise BadCursor(say(gettext_noop("since takes the cursor that an earlier answer gave; leave it out to begin.")))
    return EPOCH + timedelta(microseconds=int(found[1])), min(int(found[2]), BIGGEST_ID)
