"""503 where as many tasks wait as may: a sentence, and when to come again."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from durable.bounds import Full
from durable.http.middleware import refusal
from durable.tallies import tallies
from durable.words import of

View = Callable[[HttpRequest], HttpResponse]
RETRY_AFTER = "60"  # seconds: so many tasks are not done any sooner


def full(get_response: View) -> View:
    """Middleware: the same answer for form, upload and API."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Full):
            return None
        tallies.add("refused", "too many wait")
        response = refusal(request, 503, of(exception))
        response["Retry-After"] = RETRY_AFTER
        return response

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware
