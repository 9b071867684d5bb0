"""The JSON API of one kind's tasks: the same services as the page, in JSON."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Header, Path, Query, Router, Status

from durable import services
from durable.http import schemas
from durable.http.schemas import REFUSALS, Error, Many, OtherCount, WrongState
from durable.http.shapes import Shapes
from durable.listing import changes, one, page
from durable.stats import stats

TaskId = Annotated[int, Path(description="The id of a task.")]
Key = Annotated[str | None, Header(None, max_length=128)]


def tasks_router(shapes: Shapes) -> Router:
    """Its routes. Those with a name of their own come first: {task_id} would take the name for an id."""
    router = Router(tags=[shapes.kind.api])
    creation(router, shapes)
    lists(router, shapes)
    many(router, shapes)
    if not shapes.kind.first:
        figures(router, "/stats", shapes)
    return router


def cacheable(response: HttpResponse) -> None:
    """The same for everyone: HAProxy keeps it for a second, so that many viewers cost as much as one."""
    response["Cache-Control"] = "public, max-age=1"


def creation(router: Router, shapes: Shapes) -> None:
    """POST of one task."""
    kind, New = shapes.kind, shapes.new

    @router.post(
        "",
        operation_id=f"create_{kind.api}",
        response={200: shapes.task, 201: shapes.task, 409: Error, **REFUSALS},
    )
    def create(request: HttpRequest, response: HttpResponse, new: New, idempotency_key: Key) -> Status[Any]:  # type: ignore[valid-type]
        """Create a task; the same Idempotency-Key again answers 200 with the same task."""
        given: Any = new
        task, is_new = services.create_task(
            kind=kind,
            values={name: vars(given)[name] for name in given.model_fields_set},
            idempotency_key=idempotency_key,
            request_id=request.META["HTTP_X_REQUEST_ID"],
        )
        response["Location"] = f"/api/{kind.api}/{task.pk}"
        return Status(201 if is_new else 200, task)


def lists(router: Router, shapes: Shapes) -> None:
    """GET of the list, and of how many match."""
    kind, Asked, Which = shapes.kind, shapes.query, shapes.which

    @router.get("", operation_id=f"list_{kind.api}", response={200: shapes.list, **REFUSALS})
    def list_tasks(request: HttpRequest, response: HttpResponse, query: Query[Asked]) -> dict[str, Any]:  # type: ignore[valid-type]
        """Newest first; or, with `since`, what has changed, oldest change first (`limit` does not count then)."""
        cacheable(response)
        given: Any = query
        filters = shapes.filters(given)
        if given.since is not None:
            told = changes(kind, since=given.since, filters=filters)
            return {"items": told.tasks, "next": None, "previous": None, "since": told.since, "more": told.more}
        shown = page(kind, filters=filters, before=given.before, after=given.after, size=given.limit)
        return {"items": shown.tasks, "next": shown.next, "previous": shown.previous, "since": shown.since}

    @router.get("/matching", operation_id=f"count_{kind.api}", response={200: schemas.Matching, **REFUSALS})
    def matching(request: HttpRequest, query: Query[Which]) -> services.Matching:  # type: ignore[valid-type]
        """How many tasks cancelling or retrying would change; counted up to 100,000."""
        given: Any = query
        return services.matching(kind=kind, action=given.action, filters=shapes.filters(given))


def many(router: Router, shapes: Shapes) -> None:
    """Cancel and retry of all that match."""
    kind, Chosen = shapes.kind, shapes.chosen
    answers: dict[int, Any] = {200: Many, 409: OtherCount, **REFUSALS}

    @router.post("/cancel", operation_id=f"cancel_many_{kind.api}", response=answers)
    def cancel_many(request: HttpRequest, chosen: Chosen) -> services.Many:  # type: ignore[valid-type]
        """Cancel all tasks that match, unless they are more than `expected`; at most 100,000 in one call."""
        given: Any = chosen
        return services.cancel_matching(kind=kind, filters=shapes.filters(given), expected=given.expected)

    @router.post("/retry", operation_id=f"retry_many_{kind.api}", response=answers)
    def retry_many(request: HttpRequest, chosen: Chosen) -> services.Many:  # type: ignore[valid-type]
        """Start all failed and cancelled tasks that match over, unless they are more than `expected`."""
        given: Any = chosen
        identity = request.META["HTTP_X_REQUEST_ID"]
        filters = shapes.filters(given)
        return services.retry_matching(kind=kind, filters=filters, expected=given.expected, request_id=identity)


def singles(router: Router, shapes: Shapes) -> None:
    """One task: look, cancel, retry. To be added last."""
    kind = shapes.kind
    answers: dict[int, Any] = {200: shapes.task, 404: Error, **REFUSALS}

    @router.get("/{task_id}", operation_id=f"get_{kind.api}", response=answers)
    def get_task(request: HttpRequest, task_id: TaskId) -> Any:
        """One task."""
        task = one(kind, task_id)
        if task is None:
            raise services.NoSuchTask(services.no_task(task_id))
        return task

    @router.post("/{task_id}/cancel", operation_id=f"cancel_{kind.api}", response={**answers, 409: WrongState})
    def cancel(request: HttpRequest, task_id: TaskId) -> Any:
        """Stop a task that has not ended; a result that comes later is dropped."""
        return services.cancel_task(kind=kind, task_id=task_id)

    @router.post("/{task_id}/retry", operation_id=f"retry_{kind.api}", response={**answers, 409: WrongState})
    def retry(request: HttpRequest, task_id: TaskId) -> Any:
        """Start a failed or cancelled task over."""
        return services.retry_task(kind=kind, task_id=task_id, request_id=request.META["HTTP_X_REQUEST_ID"])


def figures(router: Router, path: str, shapes: Shapes) -> None:
    """GET of the numbers."""
    kind = shapes.kind

    @router.get(path, operation_id=f"stats_{kind.api}", response={200: schemas.Stats, **REFUSALS})
    def get_stats(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
        """Counts by state, the queues, the workers and the pace of the last minutes; a second old at most."""
        cacheable(response)
        return stats(kind)
