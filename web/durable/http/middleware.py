"""What every response gets: a request id, and a sentence where the request is refused."""

import logging
import re
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial

from django.db import Error, InterfaceError, OperationalError, connection, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_noop

from durable.http.by import address
from durable.logs import about, request_variables
from durable.words import translated

logger = logging.getLogger(__name__)
View = Callable[[HttpRequest], HttpResponse]
REQUEST_ID = re.compile(r"[0-9A-Za-z._-]{1,64}")
RETRY_AFTER = "5"  # seconds
PAUSE_SECONDS = 1.0  # between two looks at a database that is away
LOOK_SECONDS = 6.0  # a look is over by then: a connection and a query, each with its timeout
FORGET_SECONDS = 2.0  # a failure that nobody has looked at since says nothing any more
DATABASE_AWAY = gettext_noop("The database is away for a moment: try again in a few seconds.")
OTHERWISE = "The request was refused; /api/openapi.json tells what there is."
SENTENCES = {
    400: "The request could not be read: send JSON in UTF-8.",
    404: "There is nothing at this address; /api/openapi.json lists what there is.",
    405: "This address does not take this method; the Allow header lists those that it takes.",
    500: "Something went wrong here; nothing of the request is known to be stored. The log has the details.",
}


def request_id(get_response: View) -> View:
    """Keep HAProxy's X-Request-ID (it removes a client's own), or make one, and answer with it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        identity = given if REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        request.META["HTTP_X_REQUEST_ID"] = identity
        request_variables(request.META, address(request), identity)
        with about(request_id=identity):
            response = get_response(request)
        response["X-Request-ID"] = identity
        return response

    return middleware


def api_errors(get_response: View) -> View:
    """Give refusals that did not come from the API itself (404, 405, 400) the API's one error shape."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        wrong = response.status_code >= 400 and "json" not in response.headers.get("Content-Type", "")
        if not (wrong and request.path.startswith("/api/")):
            return response
        answer = JsonResponse({"error": SENTENCES.get(response.status_code, OTHERWISE)}, status=response.status_code)
        for name in ("Allow", "Cache-Control"):
            if name in response.headers:
                answer[name] = response[name]
        return answer

    return middleware


class Breaker:
    """Open for a second after each failure of the database, so that requests fail at once and not one timeout later.

    When it is due, one request looks; the others are refused until that one knows. In a process that nobody has asked
    for a while they would be refused for nothing: there it is as if it had never failed.
    """

    def __init__(self) -> None:
        self.lock, self.until = threading.Lock(), 0.0

    def refuses(self) -> bool:
        """Whether this request should not even try."""
        with self.lock:
            now = time.monotonic()
            if not self.until or now > self.until + FORGET_SECONDS:
                self.until = 0.0
                return False
            if now < self.until:
                return True
            self.until = now + LOOK_SECONDS
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except Error:
            self.trip()
            return True
        self.until = 0.0
        return False

    def trip(self) -> None:
        """The database has failed."""
        connections.close_all()  # the next one starts with a new connection
        self.until = time.monotonic() + PAUSE_SECONDS


def database_away(get_response: View) -> View:
    """Answer 503 with Retry-After and a sentence, within seconds, while the database is away."""
    breaker, sentence = Breaker(), DATABASE_AWAY

    def middleware(request: HttpRequest) -> HttpResponse:
        if breaker.refuses():
            return refusal(request, 503, sentence)
        # for middleware that asks the database itself: Django tells process_exception of views alone
        request.database_failed = partial(failed, request)  # type: ignore[attr-defined]
        return get_response(request)

    def failed(request: HttpRequest, error: Exception) -> HttpResponse:
        logger.warning("database away: %s", error)
        breaker.trip()
        return refusal(request, 503, sentence)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return failed(request, exception) if isinstance(exception, OperationalError | InterfaceError) else None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


def refusal(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    """A sentence in the shape that the client asked for; people read it in their language."""
    response: HttpResponse
    if request.path.startswith("/api/"):
        response = JsonResponse({"error": sentence}, status=status)
    elif request.headers.get("X-Requested-With") == "fetch":
        response = JsonResponse({"error": translated(sentence)}, status=status)
    else:
        away = status == 503
        title = gettext_noop("Away for a moment") if away else gettext_noop("That did not work")
        response = render(request, "refusal.html", {"title": title, "sentence": sentence, "away": away}, status=status)
    if status == 503:
        response["Retry-After"] = RETRY_AFTER
    response["Cache-Control"] = "no-store"
    return response
