"""The JSON API of one kind's tasks: the same services as the page, in JSON."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Header, Path, Query, Router, Status

from durable import actions, services
from durable.filters import Filters
from durable.http import schemas
from durable.http.by import by
from durable.http.schemas import REFUSALS, Error, Many, OtherCount, WrongState
from durable.http.shapes import Shapes
from durable.kinds import Kind
from durable.listing import changes, newest, one, page
from durable.pauses import pause, resume
from durable.results import results
from durable.stats import stats

TaskId = Annotated[int, Path(description="The id of a task.")]
KEY = (
    "Any text of yours, one for each thing that is to be created once: the same again is answered with 200 and what "
    "the first one made. So whoever lost an answer may simply send again."
)
Key = Annotated[str | None, Header(None, alias="Idempotency-Key", max_length=128, description=KEY)]


def tasks_router(shapes: Shapes) -> Router:
    """Its routes. Those with a name of their own come first: {task_id} would take the name for an id."""
    router = Router(tags=[shapes.kind.api])
    if shapes.kind.creatable:
        creation(router, shapes)
    lists(router, shapes)
    many(router, shapes)
    switches(router, shapes)
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
        summary=f"Create a {shapes.label}",
        response={200: shapes.task, 201: shapes.task, 409: Error, 415: Error, **REFUSALS},
    )
    def create(request: HttpRequest, response: HttpResponse, new: New, idempotency_key: Key) -> Status[Any]:  # type: ignore[valid-type]
        """Create a task; the same Idempotency-Key again answers 200 with the same task."""
        given: Any = new
        task, is_new = services.create_task(
            kind=kind,
            values={name: vars(given)[name] for name in given.model_fields_set & set(kind.inputs)},
            run_after=given.run_after,
            idempotency_key=idempotency_key,
            by=by(request),
        )
        response["Location"] = f"/api/{kind.api}/{task.pk}"
        return Status(201 if is_new else 200, task)


def lists(router: Router, shapes: Shapes) -> None:
    """GET of the list, and of how many match."""
    kind, Asked, Which, All = shapes.kind, shapes.query, shapes.which, shapes.all

    @router.get(
        "",
        operation_id=f"list_{kind.api}",
        summary=f"List {shapes.labels}, or what has changed",
        response={200: shapes.list, **REFUSALS},
    )
    def list_tasks(request: HttpRequest, response: HttpResponse, query: Query[Asked]) -> dict[str, Any]:  # type: ignore[valid-type]
        """Newest first; or, with `since`, what has changed, oldest change first (`limit` does not count then)."""
        cacheable(response)
        given: Any = query
        filters = shapes.filters(given)
        if given.since is not None:
            told = changes(kind, since=given.since, filters=filters)
            return {"items": told.tasks, "next": None, "previous": None, "since": told.since, "more": told.more}
        since = newest(kind)  # first: what changes from here on is told as a change
        shown = page(kind, filters=filters, before=given.before, after=given.after, size=given.limit)
        return {"items": shown.tasks, "next": shown.next, "previous": shown.previous, "since": since}

    @router.get(
        "/matching",
        operation_id=f"count_{kind.api}",
        summary=f"Count {shapes.labels} that can be cancelled or retried",
        response={200: schemas.Matching, **REFUSALS},
    )
    def matching(request: HttpRequest, query: Query[Which]) -> actions.Matching:  # type: ignore[valid-type]
        """How many tasks cancelling or retrying would change; counted up to 100,000."""
        given: Any = query
        return actions.matching(kind=kind, action=given.action, filters=shapes.filters(given))

    @router.get(
        "/results.csv",
        operation_id=f"results_of_{kind.api}",
        summary=f"Download {shapes.labels} as CSV",
        openapi_extra=CSV,
        response=dict(REFUSALS),
    )
    def download(request: HttpRequest, query: Query[All]) -> StreamingHttpResponse:  # type: ignore[valid-type]
        """The newest 100,000 that match, among the newest million: id, the inputs, status, the outputs and error."""
        return as_csv(kind, shapes.filters(query), kind.api)


CSV: dict[str, Any] = {
    "responses": {200: {"description": "OK", "content": {"text/csv": {"schema": {"type": "string"}}}}}
}


def as_csv(kind: Kind, filters: Filters, name: str) -> StreamingHttpResponse:
    """The tasks that match as a file."""
    response = StreamingHttpResponse(results(kind, filters), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def many(router: Router, shapes: Shapes) -> None:
    """Cancel and retry of all that match."""
    kind, Chosen = shapes.kind, shapes.chosen
    answers: dict[int, Any] = {200: Many, 409: OtherCount, 415: Error, **REFUSALS}

    @router.post(
        "/cancel", operation_id=f"cancel_many_{kind.api}", summary=f"Cancel many {shapes.labels}", response=answers
    )
    def cancel_many(request: HttpRequest, chosen: Chosen) -> actions.Many:  # type: ignore[valid-type]
        """Cancel all tasks that match, unless they are more than `expected`; at most 100,000 in one call."""
        given: Any = chosen
        return actions.cancel_matching(
            kind=kind, filters=shapes.filters(given), expected=given.expected, by=by(request)
        )

    @router.post(
        "/retry", operation_id=f"retry_many_{kind.api}", summary=f"Retry many {shapes.labels}", response=answers
    )
    def retry_many(request: HttpRequest, chosen: Chosen) -> actions.Many:  # type: ignore[valid-type]
        """Start all failed and cancelled tasks that match over, unless they are more than `expected`."""
        given: Any = chosen
        return actions.retry_matching(kind=kind, filters=shapes.filters(given), expected=given.expected, by=by(request))


def switches(router: Router, shapes: Shapes) -> None:
    """Pause and resume, for operators."""
    kind = shapes.kind
    answers: dict[int, Any] = {200: schemas.Paused, 401: Error, 403: Error, **REFUSALS}

    @router.post("/pause", operation_id=f"pause_{kind.api}", summary=f"Pause all {shapes.labels}", response=answers)
    def pause_kind(request: HttpRequest) -> dict[str, bool]:
        """Begin no more of these tasks: those that run end, new ones are kept. Again: nothing changes."""
        return {"paused": True, "changed": pause(kind=kind, by=by(request))}

    @router.post("/resume", operation_id=f"resume_{kind.api}", summary=f"Resume all {shapes.labels}", response=answers)
    def resume_kind(request: HttpRequest) -> dict[str, bool]:
        """Go on with what waits, within seconds. Again: nothing changes."""
        return {"paused": False, "changed": resume(kind=kind, by=by(request))}


def singles(router: Router, shapes: Shapes) -> None:
    """One task: look, cancel, retry. To be added last."""
    kind = shapes.kind
    answers: dict[int, Any] = {200: shapes.task, 404: Error, **REFUSALS}

    @router.get("/{task_id}", operation_id=f"get_{kind.api}", summary=f"Look at one {shapes.label}", response=answers)
    def get_task(request: HttpRequest, task_id: TaskId) -> Any:
        """One task."""
        task = one(kind, task_id)
        if task is None:
            raise actions.NoSuchTask(actions.no_task(task_id))
        return task

    @router.post(
        "/{task_id}/cancel",
        operation_id=f"cancel_{kind.api}",
        summary=f"Cancel one {shapes.label}",
        response={**answers, 409: WrongState},
    )
    def cancel(request: HttpRequest, task_id: TaskId) -> Any:
        """Stop a task that has not ended; a result that comes later is dropped."""
        return actions.cancel_task(kind=kind, task_id=task_id, by=by(request))

    @router.post(
        "/{task_id}/retry",
        operation_id=f"retry_{kind.api}",
        summary=f"Retry one {shapes.label}",
        response={**answers, 409: WrongState},
    )
    def retry(request: HttpRequest, task_id: TaskId) -> Any:
        """Start a failed or cancelled task over."""
        return actions.retry_task(kind=kind, task_id=task_id, by=by(request))


def figures(router: Router, path: str, shapes: Shapes) -> None:
    """GET of the numbers."""
    kind = shapes.kind

    @router.get(
        path,
        operation_id=f"stats_{kind.api}",
        summary=f"Look at the numbers of {shapes.labels}",
        response={200: schemas.Stats, **REFUSALS},
    )
    def get_stats(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
        """Counts by state, the workers and the pace of the last minutes; a second old at most."""
        cacheable(response)
        return stats(kind)
