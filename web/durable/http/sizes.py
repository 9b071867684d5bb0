"""How large a request's body may be. Larger ones than SMALL_BODY HAProxy sends to the lane for bulk."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch
from django.utils.translation import gettext_noop

from durable.http.middleware import View, refusal
from durable.words import Sentence, say

SMALL_BODY = 16 * 1024  # a task, a form: HAProxy holds it whole before a web container sees any of it
MAX_BODY = 10 * 1024 * 1024  # a batch of 100,000 tasks
UPLOADS = ("/batches", "batches/new")  # of the API, of the pages: how such routes end
TOO_LARGE = gettext_noop("The request is too large: send at most {most}.")
API = "api-1"  # the name that Ninja gives to durable.http.api


def size_limit(get_response: View) -> View:
    """Refuse a body that is too large by its announced length, before any of it is parsed."""

    def middleware(request: HttpRequest) -> HttpResponse:
        # HAProxy turns an HTTP/2 body without a length into this.
        if "HTTP_TRANSFER_ENCODING" in request.META:
            sentence = gettext_noop("Send a Content-Length header: bodies of unknown length are not accepted.")
            return refusal(request, 411, sentence)
        # uWSGI leaves out what does not fit into its buffer, and without its filters a request would act on everything.
        if request.META.get("REQUEST_URI", "").partition("?")[2] and not request.META.get("QUERY_STRING"):
            return refusal(request, 414, gettext_noop("The address is too long: send fewer filters."))
        return too_large(request, MAX_BODY) or get_response(request)

    def process_view(request: HttpRequest, view: Callable[..., Any], *_: Any) -> HttpResponse | None:
        assert request.resolver_match
        return too_large(request, largest(view, request.resolver_match))

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def largest(view: Callable[..., Any], match: ResolverMatch) -> int:
    """What the address takes. A product's own pages and the admin take what Django's settings say."""
    ours = match.namespace == API or view.__module__.startswith("durable.http.")
    return SMALL_BODY if ours and not match.route.endswith(UPLOADS) else MAX_BODY


def too_large(request: HttpRequest, most: int) -> HttpResponse | None:
    """The refusal, if it is due."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) <= most:
        return None
    return refusal(request, 413, say(TOO_LARGE, most=told(most)))


def told(size: int) -> Sentence | str:
    """A size as people read it."""
    return f"{size // 2**20} MB" if size >= 2**20 else f"{size // 2**10} kB"
