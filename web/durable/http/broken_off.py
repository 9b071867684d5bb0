"""A request whose client went away while it sent it: one line in the log, since it is nobody's mistake here."""

import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, UnreadablePostError

logger = logging.getLogger(__name__)
View = Callable[[HttpRequest], HttpResponse]


def broken_off(get_response: View) -> View:
    """Middleware, before that of CSRF, which would take a form that ended early for one without its token."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if getattr(view, "csrf_exempt", False):
            return None  # it reads its body itself
        try:
            _ = request.POST
        except UnreadablePostError as error:
            return gone(request, error)
        return None

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return gone(request, exception) if isinstance(exception, UnreadablePostError) else None

    middleware.process_view = process_view  # type: ignore[attr-defined]
    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


def gone(request: HttpRequest, error: UnreadablePostError) -> HttpResponse:
    """Say so in the log. The answer is for nobody, and its status for the log of requests."""
    if not isinstance(error.__cause__, TimeoutError):  # who was too slow is told so by durable.http.transfers
        what = f"{request.method} {request.path} id={request.META['HTTP_X_REQUEST_ID']}"
        logger.info("the client went away while it sent its request: %s", what)
    request.broken_off = True  # type: ignore[attr-defined]
    return HttpResponse("The request ended early: send it again.", status=400, content_type="text/plain")
