"""What the API's document shows of each operation: a request that would be taken, and the answers to it.

A test sends each of them and compares; whoever changes a sentence changes it here, too.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from durable import actions, kinds, results
from durable.batches import BadBatch
from durable.http import samples
from durable.http.columns import example_csv, sample
from durable.http.samples import BATCH, CREATED, ENDED, REQUEST, SINCE, TASK, WORKER, stamp
from durable.http.shapes import Shapes
from durable.http.sizes import MAX_BODY, TOO_LARGE
from durable.http.sizes import told as size
from durable.kinds import Kind
from durable.results import columns
from durable.uploads import read_json
from durable.words import STATES, say

OTHER_TASK = "This idempotency key was used for another task; use a new key for a new task."
OTHER_BATCH = "This idempotency key was used for another batch; use a new key for a new one."
TWO = {"error": "Now 2 tasks match, and not 1: look again, then confirm.", "count": 2}
NO_TASK, NO_BATCH = str(actions.no_task(TASK)), f"There is no batch {BATCH}."
ENDED_BATCH = f"Batch {BATCH} has ended: there is nothing left to cancel."
ONE = {"changed": 1, "more": False}
# Of each parameter, whatever it belongs to; those of a kind's own filters come from its columns.
PARAMETERS: dict[str, Any] = {
    "task_id": TASK,
    "batch_id": BATCH,
    "Idempotency-Key": "order-1",
    "status": "failed",
    "batch": BATCH,
    "error": "It took longer than 30 s and was stopped.",
    "worker": WORKER,
    "created_from": stamp(CREATED),
    "created_to": stamp(ENDED),
    "before": TASK,
    "after": TASK,
    "since": SINCE,
    "limit": 20,
    "action": "cancel",
    "what": "cancel",
    "by": "ann",
    "subject": str(TASK),
}


@dataclass(frozen=True)
class Example:
    """Of one operation: the body, by its type, and what is answered, by status."""

    kind: Kind
    answers: dict[int, Any]
    body: dict[str, Any] = field(default_factory=dict)

    def parameter(self, name: str) -> Any:
        """A value of a parameter."""
        if name == "kind":
            return self.kind.name
        return sample(self.kind, name) if name in self.kind.filters else PARAMETERS[name]


def every(all_shapes: Iterable[Shapes]) -> dict[str, Example]:
    """Of all operations, by their ids."""
    found = dict(general(kinds.first()))
    for shapes in all_shapes:
        kind = shapes.kind
        found |= {f"{name}_{kind.api}": Example(kind, *example) for name, example in of_tasks(shapes)}
        if kind.creatable:
            found |= {f"{name}_{kind.api}": Example(kind, *example) for name, example in of_creation(shapes)}
    return found


def json(value: Any) -> dict[str, Any]:
    """A body."""
    return {"application/json": value}


def of_creation(shapes: Shapes) -> Iterator[tuple[str, Any]]:
    """One, and many at once."""
    kind = shapes.kind
    new, batch = samples.told(kind, shapes.task), samples.batch(kind)
    yield "create", ({200: new, 201: new, 409: {"error": OTHER_TASK}}, json(samples.sent(kind)))
    too_large = str(say(TOO_LARGE, most=size(MAX_BODY)))
    refused = {409: {"error": OTHER_BATCH}, 413: {"error": too_large}, 422: wrong_batch(kind)}
    bodies = {**json({"tasks": [samples.sent(kind)]}), "text/csv": example_csv(kind)}
    yield "upload", ({200: batch, 201: batch, **refused}, bodies)


def of_tasks(shapes: Shapes) -> Iterator[tuple[str, Any]]:
    """Looking at them, and changing them."""
    kind, done = shapes.kind, samples.finished(shapes.kind)
    item: Any = shapes.list.model_fields["items"].annotation
    page = {"items": [samples.told(kind, item.__args__[0], **done)], "next": None, "previous": None}
    yield "list", ({200: {**page, "since": SINCE, "more": False}},)
    yield "count", ({200: {"count": 1, "capped": False}},)
    yield "results_of", ({200: file(kind, {**samples.kept(kind), "status": "created", **done})},)
    yield "cancel_many", ({200: ONE, 409: TWO}, json({"status": "created", "expected": 1}))
    yield "retry_many", ({200: ONE, 409: TWO}, json({"status": "failed", "expected": 1}))
    yield "pause", ({200: {"paused": True, "changed": True}},)
    yield "resume", ({200: {"paused": False, "changed": True}},)
    yield "stats", ({200: numbers()},)
    yield "get", ({200: samples.told(kind, shapes.task, **done), 404: {"error": NO_TASK}},)
    become: dict[actions.Action, str] = {"cancel": "cancelled", "retry": "created"}
    for action, status in become.items():
        changed = samples.told(kind, shapes.task, status=status, update_time=ENDED)
        yield action, ({200: changed, 404: {"error": NO_TASK}, 409: too_late(action)},)


def too_late(action: actions.Action) -> dict[str, str]:
    """The refusal where it has succeeded."""
    sentence = say(actions.ONLY[action], id=TASK, status=STATES["success"])
    return {"error": str(sentence), "status": "success"}


def wrong_batch(kind: Kind) -> dict[str, Any]:
    """The refusal of a task that no kind knows."""
    try:
        read_json(kind, [b'{"tasks": [{"nonsense": 1}]}'])
    except BadBatch as error:
        lines = [{**line, "error": str(line["error"])} for line in error.lines]
        return {"error": str(error), "lines": lines, "bad": error.bad}
    raise AssertionError(f"{kind} takes tasks of any columns")


def file(kind: Kind, values: dict[str, Any]) -> str:
    """Results as CSV."""
    row = {**kind.empty, "error": "", **values, "id": TASK}
    text = io.StringIO()
    csv.writer(text).writerows([columns(kind), results.line([row[name] for name in columns(kind)])])
    return text.getvalue()


def numbers() -> dict[str, Any]:
    """While one task waits, and one has just been done in three milliseconds."""
    names = [f"{what}{which}_ms" for what in ("waiting", "running") for which in ("", "_p95", "_mean")]
    times = dict(zip(names, (8.0, 8.0, 8.0, 3.0, 3.0, 3.0), strict=True))
    step = {"time": stamp(CREATED.replace(microsecond=0)), "ended": 1, "success": 1, "failed": 0, "cancelled": 0}
    told = {"capped": [], "queue_depth": 1, "workers": 1, "paused": False, "progress": None, "throughput": 0.0}
    history = [{**step, "again": 0, **times}]
    return {"counts": samples.counts("created"), **told, **times, "history": history}


def general(first: Kind) -> Iterator[tuple[str, Example]]:
    """Batches of all kinds, and events."""
    batch, none = samples.batch(first), {404: {"error": NO_BATCH}}
    done = samples.finished(first)
    values = {**samples.kept(first), "status": "created", **done}
    progress = {**batch, "counts": samples.counts(str(values["status"]))}
    yield "list_batches", Example(first, {200: {"items": [batch], "next": None}})
    yield "get_batch", Example(first, {200: progress, **none})
    yield "get_batch_results", Example(first, {200: file(first, values), **none})
    yield "cancel_batch", Example(first, {200: ONE, 409: {"error": ENDED_BATCH}, **none})
    yield "list_events", Example(first, {200: {"items": [event(first)], "next": None}})


def event(kind: Kind) -> dict[str, Any]:
    """Somebody has cancelled the task."""
    who = {"time": stamp(ENDED), "by": "ann", "address": "192.0.2.7", "request_id": REQUEST}
    return {"id": 1, **who, "what": "cancel", "kind": kind.name, "subject": str(TASK), "count": 1, "detail": ""}
