"""What a browser may load for our pages and do for them: what comes from here, and nothing beyond showing it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

View = Callable[[HttpRequest], HttpResponse]
CONTENT = "Content-Security-Policy"
# Those that browsers know; of an unknown name they complain.
UNUSED = ("camera", "display-capture", "fullscreen", "geolocation", "microphone", "midi", "payment", "usb")
PERMISSIONS = ", ".join(f"{feature}=()" for feature in UNUSED)


def policies(get_response: View) -> View:
    """Middleware: both headers, on whatever a browser may show; a view may have a policy of its own."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Permissions-Policy"] = PERMISSIONS
        # Django's pages for developers are full of inline styles and scripts.
        if not (settings.DEBUG and response.status_code in (404, 500)):
            response.setdefault(CONTENT, settings.CONTENT_SECURITY_POLICY)
        return response

    return middleware


def data_images(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Of a page whose style sheet holds its icons: the site's policy, and images that are in the page itself."""

    @wraps(view)
    def viewed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response[CONTENT] = f"{settings.CONTENT_SECURITY_POLICY}; img-src 'self' data:"
        return response

    return viewed
