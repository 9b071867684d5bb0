"""The JSON shapes of the API."""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import AfterValidator

from arithmetic.batches import MAX_FIELD, MAX_ROWS, MAX_TOLD
from arithmetic.listing import BIGGEST_ID, Filters
from arithmetic.models import Status
from arithmetic.operations import OPERATIONS, canonical

# For the document alone: `canonical` says in a sentence what is wrong.
PATTERN = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$"


def known_operation(name: str) -> str:
    """A name of OPERATIONS."""
    if name not in OPERATIONS:
        raise ValueError(f"There is no such operation; use one of: {', '.join(OPERATIONS)}.")
    return name


Number = Annotated[
    str,
    Field(max_length=MAX_FIELD, examples=["0.1"], json_schema_extra={"pattern": PATTERN}),
    AfterValidator(canonical),
]
OperationName = Annotated[
    str,
    Field(max_length=32, examples=["add"], json_schema_extra={"enum": list(OPERATIONS)}),
    AfterValidator(known_operation),
]
StatusName = Literal["created", "pending", "success", "failed", "cancelled"]
Id = Annotated[int, Field(ge=0, le=BIGGEST_ID)]


class NewTask(Schema):
    """Numbers are strings, so that no digit is lost on the way."""

    x: Number
    task_type: OperationName
    y: Number


class Task(Schema):
    id: int
    batch: int | None = Field(validation_alias="batch_id")
    task_type: str
    x: str
    y: str
    result: str
    status: StatusName
    error: str
    attempts: int
    worker: str
    create_time: datetime
    start_time: datetime | None
    update_time: datetime


class TaskList(Schema):
    """`next` and `previous` are the values for `before` and `after`; `since` that for changes from here on."""

    items: list[Task]
    next: int | None
    previous: int | None
    since: str
    more: bool = Field(False, description="With since: too much has changed to tell it all, load the list again.")


class TaskFilters(Schema):
    """What many tasks are chosen by; without any, all of them."""

    status: StatusName | None = None
    task_type: OperationName | None = None
    batch: Id | None = None

    def filters(self) -> Filters:
        """The same for the services."""
        return Filters(self.status or "", self.task_type or "", self.batch)


class Which(TaskFilters):
    action: Literal["cancel", "retry"]


class Chosen(TaskFilters):
    expected: Annotated[int, Field(ge=0, le=BIGGEST_ID, description="How many the person was told; fewer is fine.")]


class Matching(Schema):
    count: int
    capped: bool = Field(description="That many or more.")


class Many(Schema):
    changed: int
    more: bool = Field(description="Some are left: call again.")


class Batch(Schema):
    id: int
    total: int
    create_time: datetime


class Counts(Schema):
    created: int
    pending: int
    success: int
    failed: int
    cancelled: int


class BatchProgress(Batch):
    counts: Counts


class BatchList(Schema):
    items: list[Batch]
    next: int | None


class Step(Schema):
    time: datetime
    ended: int
    waiting_ms: float | None


class Stats(Schema):
    counts: Counts
    capped: list[StatusName] = Field(description="States whose count means that many or more.")
    queue_depth: int | None = Field(description="Waiting messages; null where nobody knows.")
    queues: dict[str, int]
    workers: int
    throughput: float = Field(description="Tasks that ended per second, over the last minute.")
    waiting_ms: float | None = Field(description="From creation to start, lately.")
    history: list[Step] = Field(description="Ten seconds each, oldest first; a missing one had no tasks.")


class Error(Schema):
    error: str = Field(description="A sentence that says what to do.")


class FieldErrors(Error):
    fields: dict[str, list[str]] = {}


class WrongState(Error):
    status: StatusName


class OtherCount(Error):
    count: int


class BadLine(Schema):
    line: int
    error: str


class BadBatch(Error):
    lines: list[BadLine] = Field(description=f"The first {MAX_TOLD} lines that are wrong.")
    bad: int = Field(description="How many are wrong in all.")


def batch_body() -> dict[str, Any]:
    """How a batch is sent; it is read as a stream, so this is said by hand."""
    task = {
        "type": "object",
        "properties": {
            "x": {"type": "string", "maxLength": MAX_FIELD, "pattern": PATTERN, "examples": ["0.1"]},
            "task_type": {"type": "string", "enum": list(OPERATIONS)},
            "y": {"type": "string", "maxLength": MAX_FIELD, "pattern": PATTERN, "examples": ["0.2"]},
        },
        "required": ["x", "task_type", "y"],
        "additionalProperties": False,
    }
    tasks = {"type": "array", "items": task, "minItems": 1, "maxItems": MAX_ROWS}
    whole = {"type": "object", "properties": {"tasks": tasks}, "required": ["tasks"], "additionalProperties": False}
    return {
        "required": True,
        "content": {
            "application/json": {"schema": whole},
            "text/csv": {"schema": {"type": "string"}, "example": "x,task_type,y\n0.1,add,0.2\n"},
        },
    }


assert set(Status.values) == set(Counts.model_fields)
