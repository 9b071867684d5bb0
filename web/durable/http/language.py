"""The language of a page: what its address, the cookie or the browser says. The JSON API has one language.

Django's LocaleMiddleware would add `Vary: Accept-Language` to every answer, and HAProxy's cache keeps no answer
that has one.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language_from_request, get_supported_language_variant, override

View = Callable[[HttpRequest], HttpResponse]


def page_language(get_response: View) -> View:
    """Middleware: answer in the reader's language; Vary only where the address does not name it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        fixed = "en" if request.path.startswith("/api/") else named(request)
        language = fixed or get_language_from_request(request)
        request.LANGUAGE_CODE = language
        with override(language):
            response = get_response(request)
        response.headers.setdefault("Content-Language", language)
        if not fixed:
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response

    return middleware


def named(request: HttpRequest) -> str:
    """The language in the address (?lang=), if it is one of ours."""
    try:
        return get_supported_language_variant(request.GET.get("lang", ""))
    except (LookupError, ValueError):
        return ""
