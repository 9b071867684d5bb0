"""One task of a kind as the API's document shows it: what is sent, and what is told of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from durable.checkers import Refused
from durable.http import schemas
from durable.http.columns import sample
from durable.kinds import Kind
from durable.listing import cursor
from durable.models import Batch
from durable.states import Status

TASK, BATCH = 42, 7  # ids
WORKER, REQUEST = "worker-1-5f0c/57", "0b6f1a52-4c0e-4f6e-9a57-2f1f0c1b9e8a"
CREATED = datetime(2026, 1, 31, 12, 0, 0, 150_000, tzinfo=UTC)
STARTED, ENDED = CREATED + timedelta(milliseconds=8), CREATED + timedelta(milliseconds=11)
SINCE = cursor(CREATED, 0)


def sent(kind: Kind) -> dict[str, Any]:
    """What a new task is made of."""
    return {name: sample(kind, name) for name in kind.inputs}


def kept(kind: Kind) -> dict[str, Any]:
    """The same as the columns hold it."""
    return {name: checked(kind, name, value) for name, value in sent(kind).items()}


def checked(kind: Kind, name: str, value: Any) -> Any:
    """As the kind's own checker gives it; one that takes no sample of ours wants an `example_<input>`."""
    try:
        return kind.check(name, value)
    except Refused:
        return value


def told(kind: Kind, shape: type[BaseModel], **state: Any) -> Any:
    """What an answer of this shape tells of it, by default just after it was created."""
    row = kind.model(pk=TASK, create_time=CREATED, **{"update_time": CREATED, **kept(kind), **state})
    return shape.model_validate(row).model_dump(mode="json")


def finished(kind: Kind) -> dict[str, Any]:
    """Its state once it is done, where the model says with what: `example_<output>` of each output."""
    outputs = {name: getattr(kind.model, f"example_{name}", None) for name in kind.outputs}
    if None in outputs.values():
        return {}
    times = {"start_time": STARTED, "update_time": ENDED}
    return {**outputs, **times, "status": Status.SUCCESS, "attempts": 1, "worker": WORKER}


def batch(kind: Kind) -> dict[str, Any]:
    """A batch with this one task."""
    row = Batch(pk=BATCH, kind=kind.name, total=1, create_time=CREATED)
    return schemas.Batch.model_validate(row, from_attributes=True).model_dump(mode="json")


def counts(status: str) -> dict[str, int]:
    """One task, in this state."""
    return {str(each): int(each == status) for each in Status.values}


def stamp(moment: datetime) -> str:
    """As JSON has it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
