"""Who asks, and whether they may: people by their session, programs by `Authorization: Bearer`, all others are nobody.

Decided by method and path, before any address is looked up: who may not look learns from no answer what there is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.translation import gettext_noop

from durable.access import nobody_may
from durable.credentials import find_token
from durable.http.middleware import refusal
from durable.http.origin import SAFE
from durable.tallies import tallies
from durable.words import say

View = Callable[[HttpRequest], HttpResponse]
# Whoever comes may ask for these; probes and static files are answered before this.
FREE = ("/login", "/logout", "/language", "/admin/login/")
OPERATORS = ("/api/events",)
SWITCHES = ("pause", "resume")  # of each kind: the ends of their addresses
ADMIN = "/admin/"  # the rest is decided there, by Django's own permissions

UNKNOWN = gettext_noop(
    "This token is not known, has expired or was revoked: send another one, or no Authorization header."
)
NAMELESS = (
    "This needs the scope {scope}: send Authorization: Bearer with a token that has it "
    "(./run.sh token make NAME --scopes {scope}), or log in at /login."
)
LACKING = "{name} may not do this: it needs the scope {scope}. Ask whoever runs this site."
LOG_IN = gettext_noop("You are not logged in: reload the page and log in.")
FORBIDDEN = gettext_noop("{name} may not do this: ask whoever runs this site, or log in as somebody else.")


@dataclass(frozen=True)
class Principal:
    """Who asks, and what they may: a user by name, a program as token:NAME, "" for somebody without a name."""

    name: str
    scopes: frozenset[str]


class WrongToken(Exception):
    """Authorization names none of ours."""


def access(get_response: View) -> View:
    """Middleware: set request.principal, refuse what it may not, and let no cache keep what is somebody's own."""

    def middleware(request: HttpRequest) -> HttpResponse:
        try:
            response = answered(get_response, request)
        except (OperationalError, InterfaceError) as error:  # no view yet, so that no process_exception hears of it
            response = request.database_failed(error)  # type: ignore[attr-defined]
        if named(request):
            response["Cache-Control"] = "private, no-store"
        return response

    return middleware


def answered(get_response: View, request: HttpRequest) -> HttpResponse:
    """The view's answer, or why there is none."""
    try:
        principal = principal_of(request)
    except WrongToken:
        tallies.add("refused", "unknown token")
        return challenged(refusal(request, 401, UNKNOWN), 'error="invalid_token"')
    request.principal = principal  # type: ignore[attr-defined]
    scope = scope_of(request.method or "", request.path_info)
    if not scope or scope in principal.scopes:
        return get_response(request)
    return refused(request, principal, scope)


def named(request: HttpRequest) -> bool:
    """Whether it says who asks, rightly or not; without a database."""
    return "Authorization" in request.headers or settings.SESSION_COOKIE_NAME in request.COOKIES


def principal_of(request: HttpRequest) -> Principal:
    """Who asks. Nothing is looked up for nobody: the session only where its cookie came."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        token = find_token(secret.strip())
        if token is None:
            raise WrongToken
        return Principal(f"token:{token.name}", nobody_may() | set(token.scopes.split(",")))
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
        return Principal(request.user.get_username(), nobody_may() | scopes_of(request.user))
    return Principal("", nobody_may())


def scopes_of(user: Any) -> frozenset[str]:
    """What somebody who has logged in may: look, and what the groups writers and operators give."""
    return frozenset({"read", *(scope for scope in ("write", "operate") if user.has_perm(f"durable.{scope}"))})


def scope_of(method: str, path: str) -> str:
    """What the address needs; empty for none."""
    if path in FREE:
        return ""
    if path.rpartition("/")[2] in SWITCHES or any(path == each or path.startswith(f"{each}/") for each in OPERATORS):
        return "operate"
    return "read" if method in SAFE or path.startswith(ADMIN) else "write"


def refused(request: HttpRequest, principal: Principal, scope: str) -> HttpResponse:
    """401 for nobody, 403 for somebody; a person is led to the login."""
    tallies.add("refused", "no right" if principal.name else "no name")
    page, script = not request.path.startswith("/api/"), request.headers.get("X-Requested-With") == "fetch"
    if principal.name:
        words = say(FORBIDDEN, name=principal.name) if page else LACKING.format(name=principal.name, scope=scope)
        return challenged(refusal(request, 403, words), f'error="insufficient_scope", scope="{scope}"')
    if page and not script:
        # What was to be sent is gone, so it begins anew at the page.
        back = request.get_full_path() if request.method in SAFE else "/"
        response = redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back})}")
        response["Cache-Control"] = "no-store"
        return response
    if "read" not in principal.scopes:  # who may not look does not learn either that an address is a special one
        scope = "read" if request.method in SAFE else "write"
    return challenged(refusal(request, 401, LOG_IN if page else NAMELESS.format(scope=scope)))


def challenged(response: HttpResponse, *how: str) -> HttpResponse:
    """With the header that tells a program what to send."""
    response["WWW-Authenticate"] = ", ".join([f'Bearer realm="{settings.SITE_NAME}"', *how])
    return response
