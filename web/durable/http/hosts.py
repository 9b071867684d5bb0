"""Under which names the site answers: none that a stranger's DNS server could make lead here.

That is DNS rebinding: the name of another site first leads to that site, then to this machine, and to the browser both
are one origin, with which its page may do as it likes. An IP address is no such name, nor is one that no DNS tells.
"""

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import split_domain_port
from django.utils.http import is_same_domain

from durable.tallies import tallies

View = Callable[[HttpRequest], HttpResponse]
UNKNOWN = "This site does not answer to the name {name}: if it is yours, add it to DJANGO_ALLOWED_HOSTS."
NAMELESS = "The Host header is no name: send the one that stands in the address, or list yours in DJANGO_ALLOWED_HOSTS."


def known_host(get_response: View) -> View:
    """Refuse a request for a name that is not ours. Without a Host it comes from no browser."""

    def middleware(request: HttpRequest) -> HttpResponse:
        host = request.META.get("HTTP_HOST")
        name = split_domain_port(host)[0] if host is not None else ""
        if host is None or answers_to(name):
            return get_response(request)
        tallies.add("refused", "unknown host")
        sentence = UNKNOWN.format(name=name) if name else NAMELESS
        if request.path.startswith("/api/"):
            return JsonResponse({"error": sentence}, status=400)
        # Not a page of ours: under that name its scripts and tokens would be the stranger's.
        return HttpResponse(f"{sentence}\n", status=400, content_type="text/plain; charset=utf-8")

    return middleware


def answers_to(name: str) -> bool:
    """Whether it is a name of settings.HOSTS or that of Django's test client, or an address that may be ours."""
    # Where a project names its own ALLOWED_HOSTS, Django itself looks at them, too.
    names = {*settings.HOSTS, *(each for each in settings.ALLOWED_HOSTS if each != "*")}
    if any(each == "*" or is_same_domain(name, each) for each in names):
        return True
    try:
        address = ip_address(name.strip("[]"))
    except ValueError:
        return False
    return address.is_loopback or not settings.EMBEDDED
