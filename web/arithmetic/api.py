"""The JSON API of tasks: the same services as the page, in JSON."""

from typing import Annotated, Any

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from ninja import Header, NinjaAPI, Path, Query, Status
from ninja.errors import HttpError, ValidationError

from arithmetic import schemas, services
from arithmetic.api_batches import router as batches
from arithmetic.batches import BadBatch
from arithmetic.listing import BIGGEST_ID, PAGE, BadCursor, changes, page
from arithmetic.models import MathTask
from arithmetic.schemas import Error, FieldErrors, Many, OtherCount, Task, WrongState
from arithmetic.stats import stats

# Swagger's style sheet holds its icons.
docs_policy = csp_update({"img-src": ["'self'", "data:"]})
api = NinjaAPI(
    title="Abacus",
    version="1",
    description='Arithmetic tasks, computed in the background. Errors are {"error": "a sentence"}.',
    docs_decorator=docs_policy,
)
api.add_router("/batches", batches)
REFUSALS = {400: Error, 422: FieldErrors, 503: Error}
TaskId = Annotated[int, Path(description="The id of a task.")]


def cacheable(response: HttpResponse) -> None:
    """The same for everyone: HAProxy keeps it for a second, so that many viewers cost as much as one."""
    response["Cache-Control"] = "public, max-age=1"


@api.post("/tasks", response={200: Task, 201: Task, 409: Error, **REFUSALS})
def create(
    request: HttpRequest,
    response: HttpResponse,
    new: schemas.NewTask,
    idempotency_key: Annotated[str | None, Header(None, max_length=128)],
) -> Status[Any]:
    """Create a task; the same Idempotency-Key again answers 200 with the same task."""
    task, is_new = services.create_task(
        x=new.x,
        task_type=new.task_type,
        y=new.y,
        idempotency_key=idempotency_key,
        request_id=request.META["HTTP_X_REQUEST_ID"],
    )
    response["Location"] = f"/api/tasks/{task.pk}"
    return Status(201 if is_new else 200, task)


class ListQuery(schemas.TaskFilters):
    before: schemas.Id | None = None
    after: schemas.Id | None = None
    since: Annotated[str | None, Query(None, max_length=40)]
    limit: Annotated[int, Query(PAGE, ge=1, le=500)]


@api.get("/tasks", response={200: schemas.TaskList, **REFUSALS})
def list_tasks(request: HttpRequest, response: HttpResponse, query: Query[ListQuery]) -> dict[str, Any]:
    """Newest first; or, with `since`, what has changed, oldest change first (`limit` does not count then)."""
    cacheable(response)
    filters = query.filters()
    if query.since is not None:
        told = changes(since=query.since, filters=filters)
        return {"items": told.tasks, "next": None, "previous": None, "since": told.since, "more": told.more}
    shown = page(filters=filters, before=query.before, after=query.after, size=query.limit)
    return {"items": shown.tasks, "next": shown.next, "previous": shown.previous, "since": shown.since}


@api.get("/tasks/matching", response={200: schemas.Matching, **REFUSALS})
def matching(request: HttpRequest, query: Query[schemas.Which]) -> services.Matching:
    """How many tasks cancelling or retrying would change; counted up to 100,000."""
    return services.matching(query.action, query.filters())


@api.post("/tasks/cancel", response={200: Many, 409: OtherCount, **REFUSALS})
def cancel_many(request: HttpRequest, chosen: schemas.Chosen) -> services.Many:
    """Cancel all tasks that match, unless they are more than `expected`; at most 100,000 in one call."""
    return services.cancel_matching(filters=chosen.filters(), expected=chosen.expected)


@api.post("/tasks/retry", response={200: Many, 409: OtherCount, **REFUSALS})
def retry_many(request: HttpRequest, chosen: schemas.Chosen) -> services.Many:
    """Start all failed and cancelled tasks that match over, unless they are more than `expected`."""
    identity = request.META["HTTP_X_REQUEST_ID"]
    return services.retry_matching(filters=chosen.filters(), expected=chosen.expected, request_id=identity)


@api.get("/tasks/{task_id}", response={200: Task, 404: Error, **REFUSALS})
def get_task(request: HttpRequest, task_id: TaskId) -> MathTask:
    """One task."""
    task = MathTask.objects.filter(pk=known(task_id)).first()
    if task is None:
        raise services.NoSuchTask(f"There is no task {task_id}.")
    return task


@api.post("/tasks/{task_id}/cancel", response={200: Task, 404: Error, 409: WrongState, **REFUSALS})
def cancel(request: HttpRequest, task_id: TaskId) -> MathTask:
    """Stop a task that has not ended; a result that comes later is dropped."""
    return services.cancel_task(known(task_id))


@api.post("/tasks/{task_id}/retry", response={200: Task, 404: Error, 409: WrongState, **REFUSALS})
def retry(request: HttpRequest, task_id: TaskId) -> MathTask:
    """Start a failed or cancelled task over."""
    return services.retry_task(known(task_id), request.META["HTTP_X_REQUEST_ID"])


def known(task_id: int) -> int:
    """An id that the database can look for."""
    if not 0 < task_id <= BIGGEST_ID:
        raise services.NoSuchTask(f"There is no task {task_id}.")
    return task_id


@api.get("/stats", response={200: schemas.Stats, **REFUSALS})
def get_stats(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """Counts by state, the queues, the workers and the pace of the last minutes; a second old at most."""
    cacheable(response)
    return stats()


# --- Refusals: one shape --------------------------------------------------------------------------


def refuse(request: HttpRequest, code: int, sentence: str, **more: Any) -> HttpResponse:
    """The one shape of an error."""
    return api.create_response(request, {"error": sentence, **more}, status=code)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """422, one sentence for the whole and those of each field."""
    fields: dict[str, list[str]] = {}
    for item in error.errors:
        name = str(item["loc"][-1]) if len(item["loc"]) > 2 or item["loc"][0] != "body" else "body"
        fields.setdefault(name, []).append(sentence(item["msg"].removeprefix("Value error, ")))
    whole = " ".join(f"{name}: {' '.join(sentences)}" for name, sentences in fields.items())
    return refuse(request, 422, whole, fields=fields)


def sentence(text: str) -> str:
    """The text with a full stop."""
    return text if text.endswith(".") else f"{text}."


@api.exception_handler(BadCursor)
def bad_cursor(request: HttpRequest, error: BadCursor) -> HttpResponse:
    """422: not a cursor of ours."""
    return refuse(request, 422, str(error), fields={"since": [str(error)]})


@api.exception_handler(BadBatch)
def bad_batch(request: HttpRequest, error: BadBatch) -> HttpResponse:
    """422: nothing is stored, and these lines are why."""
    return refuse(request, 422, str(error), lines=error.lines, bad=error.bad)


@api.exception_handler(services.KeyConflict)
def conflict(request: HttpRequest, error: services.KeyConflict) -> HttpResponse:
    """409: the key stands for something else."""
    return refuse(request, 409, str(error))


@api.exception_handler(services.NotPossible)
def not_possible(request: HttpRequest, error: services.NotPossible) -> HttpResponse:
    """409: the task is in another state."""
    return refuse(request, 409, str(error), status=error.status)


@api.exception_handler(services.TooMany)
def too_many(request: HttpRequest, error: services.TooMany) -> HttpResponse:
    """409: more than was confirmed."""
    return refuse(request, 409, str(error), count=error.count)


@api.exception_handler(services.NoSuchTask)
def no_such_task(request: HttpRequest, error: services.NoSuchTask) -> HttpResponse:
    """404."""
    return refuse(request, 404, str(error))


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Every other refusal in the one error shape."""
    unreadable = error.status_code == 400  # Ninja's own words for it depend on what could not be parsed
    words = (
        'The body is not JSON in UTF-8; send an object such as {"x": "1", "task_type": "add", "y": "2"}.'
        if unreadable
        else sentence(str(error))
    )
    return refuse(request, error.status_code, words)
