"""The JSON shapes that are the same for every kind."""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import BaseModel, ConfigDict

from durable.batches import MAX_TOLD
from durable.listing import BIGGEST_ID
from durable.states import Status

StatusName = Literal["scheduled", "created", "pending", "success", "failed", "cancelled"]
CREATED_BY = "Who, by name; empty for somebody without one."
PROGRESS = "From 0 to 1, while it runs and if it tells; else null."
BEFORE, LIMIT = "What an answer called `next`: only what is older than this id.", "How many at most."
Id = Annotated[int, Field(ge=0, le=BIGGEST_ID)]


class Given(BaseModel):
    """What a request brings: a field that we do not know is a mistake, and never passed over."""

    model_config = ConfigDict(extra="forbid")


class Told(BaseModel):
    """What an answer tells, read from a row or a dict."""

    model_config = ConfigDict(from_attributes=True)


class Matching(Schema):
    count: int
    capped: bool = Field(description="That many or more.")


class Many(Schema):
    changed: int
    more: bool = Field(description="Some are left: call again.")


class Batch(Schema):
    id: int
    kind: str = Field(description="What its tasks are.")
    total: int
    created_by: str = Field(description=CREATED_BY)
    create_time: datetime
    file_name: str = Field(description="Of the file that the page sent; empty for one that a program sent.")


class Counts(Schema):
    scheduled: int
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


class Event(Schema):
    id: int
    time: datetime
    by: str = Field(description=CREATED_BY)
    address: str = Field(description="From where.")
    request_id: str = Field(description="To search logs by; of an attempt that failed, Celery's id of its message.")
    what: str
    kind: str = Field(description="Of what kind the subject is; empty for what is no task or batch.")
    subject: str = Field(description="On what: the id of a task or batch, the first and the last of many, an account.")
    count: int = Field(description="On how many.")
    detail: str


class EventList(Schema):
    items: list[Event]
    next: int | None


class Step(Schema):
    time: datetime
    ended: int = Field(description="In success or failed.")
    success: int
    failed: int
    cancelled: int
    again: int = Field(description="Tries that ended badly and were not the last.")
    waiting_ms: float | None = Field(description="From creation, release or retry to the claim: the median.")
    waiting_p95_ms: float | None
    waiting_mean_ms: float | None
    running_ms: float | None = Field(description="In the task's own function: the median.")
    running_p95_ms: float | None
    running_mean_ms: float | None


class Stats(Schema):
    counts: Counts
    capped: list[StatusName] = Field(description="States whose count means that many or more.")
    queue_depth: int = Field(description="Tasks that wait: created, and claimed by nobody. Counted as the states are.")
    workers: int
    paused: bool = Field(description="Whether these tasks wait until an operator resumes them.")
    progress: float | None = Field(description="How far the running tasks are, from 0 to 1, on average.")
    throughput: float = Field(description="Tasks that ended per second, over the last whole minute.")
    waiting_ms: float | None = Field(description="The times are those of the history, over the last whole minute.")
    waiting_p95_ms: float | None
    waiting_mean_ms: float | None
    running_ms: float | None
    running_p95_ms: float | None
    running_mean_ms: float | None
    history: list[Step] = Field(
        description="The last ten minutes: whole steps of ten seconds, oldest first, from the first with tasks. "
        "Counts are exact, medians and 95th percentiles (p95) within a third of a decade."
    )


class Paused(Schema):
    paused: bool
    changed: bool = Field(description="False where it was so already.")


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


# What any route may answer.
REFUSALS: dict[int, Any] = {400: Error, 401: Error, 403: Error, 422: FieldErrors, 503: Error}

assert set(Status.values) == set(Counts.model_fields)
