"""The JSON API of batches: uploads of each kind; progress, results and cancelling of all kinds' batches."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Path, Query, Router, Status
from ninja.errors import HttpError

from durable import actions, kinds, services
from durable.batches import Rows, counts, listed
from durable.filters import Filters
from durable.http import schemas
from durable.http.by import by
from durable.http.schemas import REFUSALS, BatchProgress, Error, FieldErrors, Many
from durable.http.shapes import Shapes
from durable.http.tasks_api import CSV, Key, as_csv, cacheable
from durable.http.transfers import pieces
from durable.kinds import Kind
from durable.listing import BIGGEST_ID
from durable.models import Batch
from durable.uploads import read_csv, read_json

BatchId = Annotated[int, Path(description="The id of a batch.")]
PAGE = 20


def upload(router: Router, path: str, shapes: Shapes) -> None:
    """POST of a batch of one kind."""
    kind = shapes.kind
    answers: dict[int, Any] = {200: schemas.Batch, 201: schemas.Batch, 409: Error, 413: Error, 415: Error, **REFUSALS}

    @router.post(
        path,
        operation_id=f"upload_{kind.api}",
        summary=f"Create many {shapes.labels} at once",
        response={**answers, 422: schemas.BadBatch | FieldErrors},
        openapi_extra={"requestBody": shapes.batch_body()},
        description=f"Create up to 100,000 tasks at once, from JSON or CSV ({listed(kind.inputs)}): all or none."
        " Each may have a run_after.",
    )
    def create_batch(request: HttpRequest, response: HttpResponse, idempotency_key: Key) -> Status[Any]:
        batch, is_new = services.create_batch(
            kind=kind,
            rows=read(kind, request),
            idempotency_key=idempotency_key,
            by=by(request),
        )
        response["Location"] = f"/api/batches/{batch.pk}"
        return Status(201 if is_new else 200, batch)


def read(kind: Kind, request: HttpRequest) -> Rows:
    """The rows of the body, whichever way they are written."""
    if request.content_type == "text/csv":
        return read_csv(kind, pieces(request))
    return read_json(kind, pieces(request))


def batches_router() -> Router:
    """What is the same for batches of all kinds."""
    router = Router(tags=["batches"])
    router.get("", operation_id="list_batches", summary="List batches", response={200: schemas.BatchList, **REFUSALS})(
        list_batches
    )
    one: dict[int, Any] = {404: Error, **REFUSALS}
    router.get(
        "/{batch_id}", operation_id="get_batch", summary="Look at one batch", response={200: BatchProgress, **one}
    )(get_batch)
    router.get(
        "/{batch_id}/results.csv",
        operation_id="get_batch_results",
        summary="Download the results of a batch as CSV",
        openapi_extra=CSV,
        response=one,
    )(get_results)
    router.post(
        "/{batch_id}/cancel",
        operation_id="cancel_batch",
        summary="Cancel what is left of a batch",
        response={200: Many, 409: Error, **one},
    )(cancel)
    return router


def list_batches(
    request: HttpRequest,
    before: Annotated[schemas.Id | None, Query(None, description=schemas.BEFORE)],
    limit: Annotated[int, Query(PAGE, ge=1, le=500, description=schemas.LIMIT)],
) -> dict[str, Any]:
    """Newest first; `next` is the value for `before`."""
    rows = Batch.objects.order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: limit + 1])
    return {"items": found[:limit], "next": found[limit - 1].pk if len(found) > limit else None}


def get_batch(request: HttpRequest, response: HttpResponse, batch_id: BatchId) -> dict[str, Any]:
    """A batch and how far it is."""
    batch = find(batch_id)
    cacheable(response)
    told = {name: getattr(batch, name) for name in schemas.Batch.model_fields}
    return {**told, "counts": counts(batch)}


def get_results(
    request: HttpRequest,
    batch_id: BatchId,
    status: Annotated[schemas.StatusName | None, Query(None, description="Only those in this state.")],
) -> StreamingHttpResponse:
    """id, the inputs, status, the outputs and error, in the order of the upload, as far as it is."""
    batch = find(batch_id)
    filters = Filters(batch=batch.pk, status=status or "")
    return as_csv(kinds.get(batch.kind), filters, f"batch-{batch.pk}")


def cancel(request: HttpRequest, batch_id: BatchId) -> actions.Many:
    """Cancel what has not ended of it."""
    batch = find(batch_id)
    filters = Filters(batch=batch.pk)
    done = actions.cancel_matching(kind=kinds.get(batch.kind), filters=filters, expected=batch.total, by=by(request))
    if not done.changed and not done.more:
        raise HttpError(409, f"Batch {batch_id} has ended: there is nothing left to cancel.")
    return done


def find(batch_id: int) -> Batch:
    """The batch, or 404."""
    batch = Batch.objects.filter(pk=batch_id).first() if 0 < batch_id <= BIGGEST_ID else None
    if batch is None:
        raise HttpError(404, f"There is no batch {batch_id}.")
    if batch.kind not in kinds.registry:
        raise HttpError(404, f"Batch {batch_id} has tasks of the kind {batch.kind}, which is no longer here.")
    return batch
