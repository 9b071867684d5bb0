"""Django's middleware of sessions, passed by where an API request names no session: programs pay nothing for people."""

from collections.abc import Awaitable

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin


def sessionless(request: HttpRequest) -> bool:
    """Whether there is no session, and none will be begun: that is for pages."""
    return (
        request.path.startswith("/api/")
        and settings.SESSION_COOKIE_NAME not in request.COOKIES
        and not settings.CSRF_USE_SESSIONS
    )


class ForPeople(MiddlewareMixin):
    """Middleware that such a request passes by."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """The answer."""
        return self.get_response(request) if sessionless(request) else super().__call__(request)


class Sessions(ForPeople, SessionMiddleware):
    """request.session."""


class Users(ForPeople, AuthenticationMiddleware):
    """request.user, which is there in any case."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """The answer to nobody, unless a session tells of somebody."""
        request.user = AnonymousUser()
        return super().__call__(request)


class Messages(ForPeople, MessageMiddleware):
    """What a page tells after it has led to another."""
