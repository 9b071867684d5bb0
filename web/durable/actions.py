"""What people do with tasks that are stored: they cancel and retry them, one by one or all that match."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any, Literal

from django.db import transaction
from django.utils.translation import gettext_noop

from durable import counters
from durable.by import NOBODY, By
from durable.events import What, record
from durable.filters import EVERYTHING, Filters
from durable.indexes import walking
from durable.kinds import Kind
from durable.listing import BIGGEST_ID, one
from durable.publisher import publisher
from durable.queries import TaskQuerySet, among
from durable.states import RETRIABLE, Status
from durable.words import STATES, Sentence, say
from durable.workers import process_name

Action = Literal["cancel", "retry"]
# as the rows have them
STORED: dict[Action, tuple[Status, ...]] = {"cancel": (Status.SCHEDULED, Status.CREATED), "retry": RETRIABLE}
ONLY: dict[Action, str] = {
    "cancel": gettext_noop("Task {id} is {status}: only a task that has not ended can be cancelled."),
    "retry": gettext_noop("Task {id} is {status}: only a task that failed or was cancelled can be tried again."),
}
MANY: dict[Action, What] = {"cancel": "cancel many", "retry": "retry many"}  # what their events say
MOST = 100_000  # tasks that one request changes or counts
SECONDS = 4.0  # for changing many; what is left is for another call. HAProxy gives an answer 7 s
CHUNK = 1_000  # rows per UPDATE: locks for milliseconds


class NoSuchTask(Exception):
    """There is no task with this id."""


class NotPossible(Exception):
    """The task is in a state in which that is not possible."""

    def __init__(self, sentence: Sentence, status: str) -> None:
        super().__init__(sentence)
        self.status = status


class TooMany(Exception):
    """More tasks match than the caller was told."""

    def __init__(self, sentence: Sentence, count: int) -> None:
        super().__init__(sentence)
        self.count = count


@dataclass(frozen=True)
class Matching:
    """How many tasks an action would change; `capped`: that many or more."""

    count: int
    capped: bool


@dataclass(frozen=True)
class Many:
    """How many tasks were changed, and whether some are left for another call: the time or the number was too much."""

    changed: int
    more: bool


def cancel_task(*, kind: Kind, task_id: int, by: By = NOBODY) -> Any:
    """Stop one task; a result that comes later is dropped."""
    return _change_one(kind, task_id, "cancel", by)


def retry_task(*, kind: Kind, task_id: int, by: By = NOBODY) -> Any:
    """Start one task over."""
    task = _change_one(kind, task_id, "retry", by)
    publish(kind, [(task.queue, task.round, task.pk)], by.request_id)
    return task


def _change_one(kind: Kind, task_id: int, action: Action, by: By) -> Any:
    event = partial(record, action, by, kind=kind.name, subject=str(task_id))
    changed = _step(kind, action, [task_id], event) if 0 < task_id <= BIGGEST_ID else 0
    task = one(kind, task_id)
    if task is None:
        raise NoSuchTask(no_task(task_id))
    if not changed:
        raise NotPossible(say(ONLY[action], id=task_id, status=STATES[task.status]), task.status)
    return task


def no_task(task_id: int) -> Sentence:
    """There is none."""
    return say(gettext_noop("There is no task {id}."), id=task_id)


def _step(kind: Kind, action: Action, ids: Sequence[int], event: Callable[..., None]) -> int:
    rows: TaskQuerySet = kind.model.objects.all()
    with transaction.atomic():
        changed = rows.cancel(ids) if action == "cancel" else rows.retry(ids)
        if changed:
            event(count=changed)
        if action == "cancel":
            counters.count(kind.name, process_name(), cancelled=changed)
    return changed


def publish(kind: Kind, rows: Sequence[tuple[str, int, int]], request_id: str) -> None:
    """Hand (queue, round, id) to the publisher once they are committed."""
    for (queue, round), group in groupby(sorted(rows), key=lambda row: row[:2]):
        ids = [row[2] for row in group]
        put = partial(publisher.put_many, kind.name, round, ids, request_id, queue)
        transaction.on_commit(put, robust=True)


def candidates(kind: Kind, action: Action, filters: Filters) -> TaskQuerySet:
    """The rows that the action would change."""
    return filters.narrow(kind.model.objects.filter(status__in=STORED[action]))


def matching(*, kind: Kind, action: Action, filters: Filters = EVERYTHING) -> Matching:
    """How many tasks the action would change; counted up to a bound."""
    count = candidates(kind, action, filters).values("pk")[: MOST + 1].count()
    return Matching(min(count, MOST), count > MOST)


def cancel_matching(*, kind: Kind, filters: Filters, expected: int, by: By = NOBODY) -> Many:
    """Stop all tasks that match; TooMany where there are more than `expected`."""
    return _change_many(kind, "cancel", filters, expected, by)


def retry_matching(*, kind: Kind, filters: Filters, expected: int, by: By = NOBODY) -> Many:
    """Start all failed and cancelled tasks that match over; TooMany where there are more than `expected`."""
    return _change_many(kind, "retry", filters, expected, by)


def _change_many(kind: Kind, action: Action, filters: Filters, expected: int, by: By) -> Many:
    found = matching(kind=kind, action=action, filters=filters)
    if found.count > expected:
        sentence = gettext_noop("Now {count} tasks match, and not {expected}: look again, then confirm.")
        raise TooMany(say(sentence, count=f"{found.count:,}", expected=f"{expected:,}"), found.count)
    changed, end = 0, time.monotonic() + SECONDS
    for status in STORED[action]:  # one status at a time: a range of one index
        last = 0
        while changed < MOST:
            if time.monotonic() > end:
                return Many(changed, more=True)
            chunk = _next_ids(kind, status, filters, last, min(CHUNK, MOST - changed))
            if not chunk:
                break
            changed += change_these(kind, action, chunk, by, str(filters))
            last = chunk[-1]
    return Many(changed, found.capped)


def _next_ids(kind: Kind, status: Status, filters: Filters, last: int, size: int) -> list[int]:
    rows = filters.narrow(kind.model.objects.filter(status=status, id__gt=last)).order_by("id")
    walked = filters if filters.status == Status.PENDING else replace(filters, status=status)
    with walking(kind, *walked.columns):
        return list(rows.values_list("id", flat=True)[:size])


def change_these(kind: Kind, action: Action, ids: Sequence[int], by: By = NOBODY, chosen: str = "") -> int:
    """Cancel or retry these as far as their states allow; how many. `chosen` says by what, for the event."""
    subject = f"{min(ids)} to {max(ids)}" if ids else ""
    changed = _step(
        kind, action, ids, partial(record, MANY[action], by, kind=kind.name, subject=subject, detail=chosen)
    )
    if action == "retry" and changed:
        open_rows = kind.model.objects.filter(among(ids), status=Status.CREATED)
        # one that was not changed has a message already: this one finds nothing to claim, or yields
        publish(kind, list(open_rows.values_list("queue", "round", "id")), by.request_id)
    return changed
