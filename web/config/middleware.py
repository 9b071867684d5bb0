"""What every response gets: a request id; and a sentence where the database is away."""

import logging
import re
import uuid
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

logger = logging.getLogger(__name__)
View = Callable[[HttpRequest], HttpResponse]
REQUEST_ID = re.compile(r"[0-9A-Za-z._-]{1,64}")
RETRY_AFTER = "5"  # seconds


def request_id(get_response: View) -> View:
    """Keep HAProxy's X-Request-ID (it removes a client's own), or make one, and answer with it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        identity = given if REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        request.META["HTTP_X_REQUEST_ID"] = identity
        response = get_response(request)
        response["X-Request-ID"] = identity
        return response

    return middleware


def database_away(get_response: View) -> View:
    """Answer 503 with Retry-After and a sentence instead of 500 while the database is away."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        logger.warning("database away: %s", exception)
        connections.close_all()  # the next request starts with a new connection
        return unavailable(request)

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 in the shape that the client asked for."""
    sentence = "The database is away. Nothing was stored; try again in a few seconds."
    response: HttpResponse
    if request.path.startswith("/api/") or request.headers.get("X-Requested-With") == "fetch":
        response = JsonResponse({"error": sentence}, status=503)
    else:
        response = render(request, "503.html", {"sentence": sentence}, status=503)
    response["Retry-After"] = RETRY_AFTER
    response["Cache-Control"] = "no-store"
    return response
