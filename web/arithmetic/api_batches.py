"""The JSON API of batches: uploads, progress, results."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Header, Path, Query, Router, Status
from ninja.errors import HttpError

from arithmetic import schemas, services
from arithmetic.batches import Rows, read_csv, read_json, results
from arithmetic.listing import BIGGEST_ID, Filters
from arithmetic.models import Batch
from arithmetic.schemas import BatchProgress, Error, FieldErrors, Many

router = Router()
BatchId = Annotated[int, Path(description="The id of a batch.")]
REFUSALS = {400: Error, 422: FieldErrors, 503: Error}
PAGE = 20


@router.post(
    "",
    response={
        200: schemas.Batch, 201: schemas.Batch, 400: Error, 409: Error, 413: Error, 415: Error,
        422: schemas.BadBatch | FieldErrors, 503: Error,
    },
    openapi_extra={"requestBody": schemas.batch_body()},
)  # fmt: skip
def create(
    request: HttpRequest,
    response: HttpResponse,
    idempotency_key: Annotated[str | None, Header(None, max_length=128)],
) -> Status[Any]:
    """Create up to 100,000 tasks at once, from JSON or CSV (columns x, task_type, y): all of them or none."""
    batch, is_new = services.create_batch(
        rows=read(request), idempotency_key=idempotency_key, request_id=request.META["HTTP_X_REQUEST_ID"]
    )
    response["Location"] = f"/api/batches/{batch.pk}"
    return Status(201 if is_new else 200, batch)


def read(request: HttpRequest) -> Rows:
    """The rows of the body, whichever way they are written."""
    if request.content_type == "text/csv":
        return read_csv(request)  # line by line, never whole in memory
    if request.content_type == "application/json":
        return read_json(request.body)
    raise HttpError(415, "Send the batch as text/csv or as application/json, and say which in Content-Type.")


@router.get("", response={200: schemas.BatchList, **REFUSALS})
def list_batches(
    request: HttpRequest,
    before: Annotated[schemas.Id | None, Query(None)],
    limit: Annotated[int, Query(PAGE, ge=1, le=500)],
) -> dict[str, Any]:
    """Newest first; `next` is the value for `before`."""
    rows = Batch.objects.order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: limit + 1])
    return {"items": found[:limit], "next": found[limit - 1].pk if len(found) > limit else None}


@router.get("/{batch_id}", response={200: BatchProgress, 404: Error, **REFUSALS})
def get_batch(request: HttpRequest, response: HttpResponse, batch_id: BatchId) -> dict[str, Any]:
    """A batch and how far it is."""
    batch = find(batch_id)
    response["Cache-Control"] = "public, max-age=1"
    return {"id": batch.pk, "total": batch.total, "create_time": batch.create_time, "counts": batch.counts()}


@router.get(
    "/{batch_id}/results.csv",
    openapi_extra={"responses": {200: {"description": "OK", "content": {"text/csv": {"schema": {"type": "string"}}}}}},
    response={404: Error, **REFUSALS},
)
def get_results(request: HttpRequest, batch_id: BatchId) -> StreamingHttpResponse:
    """id,x,task_type,y,status,result,error in the order of the upload, as far as it is."""
    batch = find(batch_id)
    response = StreamingHttpResponse(results(batch.pk), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="batch-{batch.pk}.csv"'
    response["Cache-Control"] = "no-store"
    return response


@router.post("/{batch_id}/cancel", response={200: Many, 404: Error, 409: Error, **REFUSALS})
def cancel(request: HttpRequest, batch_id: BatchId) -> services.Many:
    """Cancel what has not ended of it."""
    batch = find(batch_id)
    done = services.cancel_matching(filters=Filters(batch=batch.pk), expected=batch.total)
    if not done.changed and not done.more:
        raise HttpError(409, f"Batch {batch_id} has ended: there is nothing left to cancel.")
    return done


def find(batch_id: int) -> Batch:
    """The batch, or 404."""
    batch = Batch.objects.filter(pk=batch_id).first() if 0 < batch_id <= BIGGEST_ID else None
    if batch is None:
        raise HttpError(404, f"There is no batch {batch_id}.")
    return batch
