"""The JSON API: the same services as the page, in JSON."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Header, NinjaAPI, Query, Schema, Status
from ninja.errors import HttpError, ValidationError
from pydantic import AfterValidator

from arithmetic.forms import MAX_INPUT
from arithmetic.listing import PAGE, page
from arithmetic.models import MathTask
from arithmetic.operations import OPERATIONS, canonical
from arithmetic.services import KeyConflict, create_task

BIGGEST = 2**63 - 1
api = NinjaAPI(title="Abacus", version="1", docs_url=None, description="Arithmetic tasks, computed in the background.")


def known_operation(name: str) -> str:
    """A name of OPERATIONS."""
    if name not in OPERATIONS:
        raise ValueError(f"There is no such operation; use one of: {', '.join(OPERATIONS)}.")
    return name


Number = Annotated[str, Field(max_length=MAX_INPUT, examples=["0.1"]), AfterValidator(canonical)]
OperationName = Annotated[str, Field(max_length=32, examples=["add"]), AfterValidator(known_operation)]
Cursor = Annotated[int | None, Field(ge=0, le=BIGGEST)]


class NewTask(Schema):
    """Numbers are strings, so that no digit is lost on the way."""

    x: Number
    task_type: OperationName
    y: Number


class Task(Schema):
    id: int
    task_type: str
    x: str
    y: str
    result: str
    status: str
    error: str
    attempts: int
    worker: str
    create_time: datetime
    start_time: datetime | None
    update_time: datetime


class TaskList(Schema):
    items: list[Task]
    next: int | None
    previous: int | None


class Error(Schema):
    error: str
    fields: dict[str, list[str]] = {}


@api.post("/tasks", response={200: Task, 201: Task, 409: Error, 422: Error, 503: Error})
def create(
    request: HttpRequest,
    response: HttpResponse,
    new: NewTask,
    idempotency_key: Annotated[str | None, Header(None, max_length=128)],
) -> Status[Any]:
    """Create a task; the same Idempotency-Key again answers 200 with the same task."""
    task, is_new = create_task(
        x=new.x,
        task_type=new.task_type,
        y=new.y,
        idempotency_key=idempotency_key,
        request_id=request.META["HTTP_X_REQUEST_ID"],
    )
    if is_new:
        task.refresh_from_db()
    response["Location"] = f"/api/tasks/{task.pk}"
    return Status(201 if is_new else 200, task)


@api.get("/tasks", response={200: TaskList, 422: Error, 503: Error})
def list_tasks(
    request: HttpRequest,
    before: Annotated[Cursor, Query(None)],
    after: Annotated[Cursor, Query(None)],
    limit: Annotated[int, Query(PAGE, ge=1, le=500)],
) -> dict[str, Any]:
    """Newest first; `next` and `previous` are the values for `before` and `after`."""
    shown = page(before=before, after=after, size=limit)
    return {"items": shown.tasks, "next": shown.next, "previous": shown.previous}


@api.get("/tasks/{task_id}", response={200: Task, 404: Error, 422: Error, 503: Error})
def get_task(request: HttpRequest, task_id: int) -> MathTask:
    """One task."""
    task = MathTask.objects.filter(pk=task_id).first() if 0 < task_id <= BIGGEST else None
    if task is None:
        raise HttpError(404, f"There is no task {task_id}.")
    return task


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """422, one sentence for the whole and those of each field."""
    fields: dict[str, list[str]] = {}
    for item in error.errors:
        name = str(item["loc"][-1]) if len(item["loc"]) > 2 or item["loc"][0] != "body" else "body"
        fields.setdefault(name, []).append(sentence(item["msg"].removeprefix("Value error, ")))
    whole = " ".join(f"{name}: {' '.join(sentences)}" for name, sentences in fields.items())
    return api.create_response(request, {"error": whole, "fields": fields}, status=422)


def sentence(text: str) -> str:
    """The text with a full stop."""
    return text if text.endswith(".") else f"{text}."


@api.exception_handler(KeyConflict)
def conflict(request: HttpRequest, error: KeyConflict) -> HttpResponse:
    """409: the key stands for another task."""
    return api.create_response(request, {"error": str(error)}, status=409)


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Every other refusal in the one error shape."""
    unreadable = error.status_code == 400  # Ninja's own words for it depend on what could not be parsed
    words = (
        'The body is not JSON in UTF-8; send an object such as {"x": "1", "task_type": "add", "y": "2"}.'
        if unreadable
        else sentence(str(error))
    )
    return api.create_response(request, {"error": words}, status=error.status_code)
