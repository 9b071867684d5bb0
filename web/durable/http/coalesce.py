"""Requests for the same public answer that come at once share one: once a second HAProxy's cache is empty."""

import threading
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from durable import kinds
from durable.http.asked import api_address
from durable.http.middleware import DATABASE_AWAY, refusal

View = Callable[[HttpRequest], HttpResponse]
PATIENCE = 5.0  # seconds


class Flight:
    """An answer that is being made, and who waits for it."""

    def __init__(self) -> None:
        self.landed = threading.Event()
        self.answer: tuple[bytes, int, dict[str, str]] | None = None
        self.away = False

    def keep(self, response: HttpResponse) -> None:
        """Share it if it is the same for everyone."""
        self.away = response.status_code == 503
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
    """The addresses whose answer is the same for everyone: each kind's lists, the numbers, and the activity."""
    found = {"/activity/now"}
    for kind in kinds.every():
        found |= {f"/{kind.page}tasks/now", f"/api/{kind.api}", api_address(kind, "stats")}
    return found


def own(request: HttpRequest) -> bool:
    """Whether it says who asks, or asks (by Cache-Control) for what is true from this moment on."""
    return (
        "Authorization" in request.headers
        or "Cache-Control" in request.headers
        or settings.SESSION_COOKIE_NAME in request.COOKIES
    )


def coalesce(get_response: View) -> View:
    """Middleware, the last one: what those before it add is each request's own."""
    addresses = public()
    flights: dict[tuple[str, str | None], Flight] = {}
    lock = threading.Lock()

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method != "GET" or request.path not in addresses or own(request):
            return get_response(request)
        # Where the address names no language of ours, the reader's own is in the answer.
        key = request.get_full_path(), get_language()
        with lock:
            flight = flights.get(key)
            if flight is None:
                flights[key] = mine = Flight()
        if flight is not None:
            answer = flight.copy()
            if answer is None and flight.away:  # to ask the database again would take as long once more
                return refusal(request, 503, DATABASE_AWAY)
            return answer or get_response(request)
        try:
            response = get_response(request)
            mine.keep(response)
            return response
        finally:
            with lock:
                del flights[key]
            mine.landed.set()

    return middleware
