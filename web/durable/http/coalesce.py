"""Requests for the same public answer that come at once share one: once a second HAProxy's cache is empty."""

import threading
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from durable import kinds

View = Callable[[HttpRequest], HttpResponse]
PATIENCE = 5.0  # seconds


class Flight:
    """An answer that is being made, and who waits for it."""

    def __init__(self) -> None:
        self.landed = threading.Event()
        self.answer: tuple[bytes, int, dict[str, str]] | None = None

    def keep(self, response: HttpResponse) -> None:
        """Share it if it is the same for everyone."""
        if response.status_code == 200 and "public" in response.get("Cache-Control", "") and not response.cookies:
            self.answer = (response.content, response.status_code, dict(response.items()))

    def copy(self) -> HttpResponse | None:
        """The answer once it is there; None if there is none to share."""
        self.landed.wait(PATIENCE)
        if self.answer is None:
            return None
        content, status, headers = self.answer
        return HttpResponse(content, status=status, headers=headers)


def public() -> set[str]:
    """The addresses whose answer is the same for everyone: each kind's lists, and the numbers."""
    of_kind = ("/{0.page}tasks", "/api/{0.api}", "/api/{0.name}/stats")
    return {"/api/stats", *(path.format(kind) for kind in kinds.every() for path in of_kind)}


def coalesce(get_response: View) -> View:
    """Middleware, the last one: what those before it add is each request's own."""
    addresses = public()
    flights: dict[str, Flight] = {}
    lock = threading.Lock()

    def middleware(request: HttpRequest) -> HttpResponse:
        # With Cache-Control somebody asks for what is true from this moment on.
        if request.method != "GET" or request.path not in addresses or "Cache-Control" in request.headers:
            return get_response(request)
        key = request.get_full_path()
        with lock:
            flight = flights.get(key)
            if flight is None:
                flights[key] = mine = Flight()
        if flight is not None:
            return flight.copy() or get_response(request)
        try:
            response = get_response(request)
            mine.keep(response)
            return response
        finally:
            with lock:
                del flights[key]
            mine.landed.set()

    return middleware
