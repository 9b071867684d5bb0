"""The JSON API of events: who did what, for operators alone, as durable.http.access sees to."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from durable.by import NAME
from durable.events import SUBJECT, What, page
from durable.http import schemas
from durable.http.schemas import REFUSALS, Error

PAGE = 50


def events_router() -> Router:
    """Its one route."""
    router = Router(tags=["events"])
    answers: dict[int, Any] = {200: schemas.EventList, 401: Error, 403: Error, **REFUSALS}
    router.get("", operation_id="list_events", summary="List who did what", response=answers)(list_events)
    return router


def list_events(
    request: HttpRequest,
    response: HttpResponse,
    what: Annotated[What | None, Query(None, description="Only this.")],
    by: Annotated[str | None, Query(None, max_length=NAME, description="A name; empty for who had none.")],
    kind: Annotated[str | None, Query(None, max_length=64, description="Only to tasks and batches of this kind.")],
    subject: Annotated[
        str | None,
        Query(
            None,
            max_length=SUBJECT,
            description="Only to this task, batch or account: its id or name. Best with its kind, or with what.",
        ),
    ],
    before: Annotated[schemas.Id | None, Query(None, description=schemas.BEFORE)],
    limit: Annotated[int, Query(PAGE, ge=1, le=500, description=schemas.LIMIT)],
) -> dict[str, Any]:
    """Newest first; `next` is the value for `before`. With filters a page may hold few, or none, and still have it."""
    response["Cache-Control"] = "private, no-store"
    given = {"what": what, "by": by, "kind": kind, "subject": subject}
    items, next_ = page({name: value for name, value in given.items() if value is not None}, before, limit)
    return {"items": items, "next": next_}
