"""The JSON shapes that are the same for every kind."""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import BaseModel, ConfigDict

from durable.batches import MAX_TOLD
from durable.listing import BIGGEST_ID
from durable.models import Status

StatusName = Literal["created", "pending", "success", "failed", "cancelled"]
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


# What any route may answer.
REFUSALS: dict[int, Any] = {400: Error, 422: FieldErrors, 503: Error}

assert set(Status.values) == set(Counts.model_fields)
