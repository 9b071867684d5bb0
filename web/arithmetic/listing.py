"""Pages of tasks, newest first, by keyset, and what has changed since: both cost the same however long the table is."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models.functions import Now

from arithmetic import indexes
from arithmetic.indexes import walking
from arithmetic.models import MathTask, MathTaskQuerySet

PAGE = 50
# No index has both the operation and the status (or batch): each write would pay for it. So many rows of the
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
class Filters:
    """What a list is narrowed to; empty values are no filter."""

    status: str = ""
    task_type: str = ""
    batch: int | None = None

    @property
    def index(self) -> str:
        """The one whose order is that of the list."""
        if self.batch is not None:
            return indexes.BATCH_STATUS if self.status else indexes.BATCH
        if self.status:
            return indexes.STATUS
        return indexes.TASK_TYPE if self.task_type else indexes.PRIMARY

    @property
    def uncovered(self) -> bool:
        """Whether no index serves all of it."""
        return bool(self.task_type and (self.status or self.batch is not None))

    def narrow(self, rows: MathTaskQuerySet, but: str = "") -> MathTaskQuerySet:
        """The rows that match, with one filter left out."""
        wanted = {"status": self.status or None, "task_type": self.task_type or None, "batch_id": self.batch}
        return rows.filter(**{name: value for name, value in wanted.items() if value is not None and name != but})

    def match(self, task: MathTask) -> bool:
        """Whether this one does."""
        return (
            self.status in ("", task.status)
            and self.task_type in ("", task.task_type)
            and self.batch in (None, task.batch_id)
        )


EVERYTHING = Filters()


@dataclass(frozen=True)
class Page:
    """Tasks, and the cursors of what is around them; None where there is none."""

    tasks: list[MathTask]
    next: int | None
    previous: int | None
    since: str


@dataclass(frozen=True)
class Changes:
    """Tasks that have changed, oldest change first; `more`: there are too many to tell, load the list again."""

    tasks: list[MathTask]
    since: str
    more: bool


def page(
    *, filters: Filters = EVERYTHING, before: int | None = None, after: int | None = None, size: int = PAGE
) -> Page:
    """The page of tasks older than `before`, or the one just newer than `after`, or the newest."""
    since = newest()  # first: what changes from here on is told as a change
    rows = MathTask.objects.all()
    if after is not None:
        tasks, last = _take(rows.filter(id__gt=after).order_by("id"), filters, size)
        older = tasks[0].pk if tasks else after
        return Page(tasks[::-1], older, last, since)
    if before is not None:
        rows = rows.filter(id__lt=before)
    tasks, last = _take(rows.order_by("-id"), filters, size)
    newer = tasks[0].pk if tasks else (before or 1) - 1
    return Page(tasks, last, newer if before is not None else None, since)


def _take(rows: MathTaskQuerySet, filters: Filters, size: int) -> tuple[list[MathTask], int | None]:
    """The first matching rows, and the id after which to go on; None where nothing follows."""
    if not filters.uncovered:
        with walking(filters.index):
            tasks = list(filters.narrow(rows)[: size + 1])
        return tasks[:size], tasks[size - 1].pk if len(tasks) > size else None
    with walking(filters.index):
        looked = list(filters.narrow(rows, but="task_type").values_list("id", "task_type")[:LOOK_THROUGH])
    ids = [task_id for task_id, task_type in looked if task_type == filters.task_type]
    found = MathTask.objects.in_bulk(ids[:size])
    tasks = [found[task_id] for task_id in ids[:size] if task_id in found]
    if len(ids) > size:
        return tasks, ids[size - 1]
    return tasks, looked[-1][0] if len(looked) == LOOK_THROUGH else None


def newest() -> str:
    """The cursor from which nothing that is committed later is missed."""
    moment = MathTask.objects.order_by("-update_time").values_list("update_time", flat=True).first()
    return cursor(moment - SETTLED, 0) if moment else cursor(EPOCH, 0)


def changes(*, since: str, filters: Filters = EVERYTHING, size: int = 500) -> Changes:
    """What has changed since the cursor; a change within the last seconds is told more than once."""
    moment, task_id = parse_cursor(since)
    rows = MathTask.objects.filter(update_time__gte=moment).exclude(update_time=moment, id__lte=task_id)
    with walking(indexes.UPDATE_TIME):
        found = list(rows.order_by("update_time", "id").annotate(now=Now())[: size + 1])
    if not found:
        return Changes([], since, more=False)
    tasks, more = found[:size], len(found) > size
    last = (tasks[-1].update_time, tasks[-1].pk)
    if not more:
        now: datetime = vars(tasks[-1])["now"]
        last = max((moment, task_id), min(last, (now - SETTLED, 0)))
    # After the LIMIT: the cost of an answer must not depend on how rare a match is.
    return Changes([task for task in tasks if filters.match(task)], cursor(*last), more)


def cursor(moment: datetime, task_id: int) -> str:
    """A place in the order of changes, as text."""
    return f"{(moment - EPOCH) // timedelta(microseconds=1)}-{task_id}"


def parse_cursor(text: str) -> tuple[datetime, int]:
    """Read what `cursor` wrote."""
    if not (found := CURSOR.fullmatch(text)):
        raise BadCursor("since takes the cursor that an earlier answer gave; leave it out to begin.")
    return EPOCH + timedelta(microseconds=int(found[1])), min(int(found[2]), BIGGEST_ID)
