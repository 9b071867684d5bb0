"""Who makes a request, for rows and events."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

from durable.by import NAME, By


def by(request: HttpRequest) -> By:
    """Its principal, the client's address, and the request's id."""
    name: str = request.principal.name  # type: ignore[attr-defined]
    return By(name[:NAME], address(request), request.META["HTTP_X_REQUEST_ID"])


def address(request: HttpRequest) -> str:
    """The client's: the last one of X-Forwarded-For, which HAProxy has written. Embedded there is no HAProxy."""
    given = request.META.get("REMOTE_ADDR", "")
    if not settings.EMBEDDED:
        given = request.headers.get("X-Forwarded-For", given).rpartition(",")[2].strip()
    try:
        return ipaddress.ip_address(given).compressed[:45]
    except ValueError:
        return ""
