"""What another site's page may not do here: change something, or send a form in a type that no form of ours has.

SameSite cookies and CSRF tokens guard who is logged in. This guards what needs no login, too: the whole API where
ACCESS is open, and a laptop's or an intranet's address, which a stranger's page reaches through its reader's browser.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import is_same_domain
from django.utils.translation import gettext_noop

from durable.http.middleware import refusal
from durable.tallies import tallies

View = Callable[[HttpRequest], HttpResponse]
SAFE = ("GET", "HEAD", "OPTIONS")
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
FOREIGN = gettext_noop(
    "This was sent by a page of another site, so nothing was changed: send it from a page of this one. "
    "Where a proxy gives this site another name, DJANGO_CSRF_TRUSTED_ORIGINS lists its origins."
)
TYPE = gettext_noop("This is no form: send application/x-www-form-urlencoded or multipart/form-data.")


def same_origin(get_response: View) -> View:
    """Refuse what a page of another origin sends to change something; a command line sends neither header."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method in SAFE or not foreign(request):
            return get_response(request)
        tallies.add("refused", "another site")
        return refusal(request, 403, FOREIGN)

    return middleware


def foreign(request: HttpRequest) -> bool:
    """Whether the browser says that another origin sends this.

    Sec-Fetch-Site comes with https and localhost alone; Origin comes with every POST of every browser.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if origin is not None and trusted(origin):
        return False
    if site is not None:
        return site not in ("same-origin", "none")
    return origin is not None and urlsplit(origin).netloc.lower() != request.get_host().lower()


def trusted(origin: str) -> bool:
    """Whether DJANGO_CSRF_TRUSTED_ORIGINS names it, itself or as https://*.example.org."""
    given = urlsplit(origin)
    for known in map(urlsplit, settings.CSRF_TRUSTED_ORIGINS):
        if known.scheme == given.scheme and is_same_domain(given.netloc, known.netloc.lstrip("*")):
            return True
    return False


def has_body(request: HttpRequest) -> bool:
    """Whether something was sent along."""
    return request.META.get("CONTENT_LENGTH") not in (None, "", "0")


def form_type(get_response: View) -> View:
    """Refuse a body that is no form where a page's form is expected; the API's types are refusals.exact's business."""

    def middleware(request: HttpRequest) -> HttpResponse:
        page = request.method == "POST" and not request.path.startswith("/api/")
        if page and has_body(request) and request.content_type not in FORMS:
            return refusal(request, 415, TYPE)
        return get_response(request)

    return middleware
