"""Three answers: the process lives; it takes requests; the whole stack is well. And the numbers for those inside."""

import logging
import threading
import time
from collections.abc import Callable

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import Error, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from durable.http import metrics
from durable.http.hosts import known_host
from durable.redis_away import ERRORS, told
from durable.workers import alive

logger = logging.getLogger(__name__)
View = Callable[[HttpRequest], HttpResponse]
FRESH = 1.0  # seconds for which an answer is given again


def probes(get_response: View) -> View:
    """Middleware that answers before all else: probes know no Host name, and what others refuse they tell."""
    answers: dict[str, View] = {"/live": live, "/ready": ready, "/health": health}
    # What a page of a stranger's name could read, its reader's browser being inside.
    answers |= {"/metrics": known_host(metrics.whole), "/metrics/container": known_host(metrics.container)}

    def middleware(request: HttpRequest) -> HttpResponse:
        return answers.get(request.path, get_response)(request)

    return middleware


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 while the process answers."""
    return HttpResponse("live\n", content_type="text/plain")


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """HAProxy's check: 404 while draining. Asks neither MySQL nor Redis: their outage must not take the page down."""
    if settings.DRAIN_FILE.exists():
        return HttpResponse("draining\n", status=404, content_type="text/plain")
    return HttpResponse("ready\n", content_type="text/plain")


@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """The state of each part in words, for people and monitoring; 503 if one is away."""
    parts = latest.parts()
    well = all(state == "ok" for state in parts.values())
    told = {"status": "ok" if well else "degraded", **parts, "access": settings.ACCESS}
    response = JsonResponse(told, status=200 if well else 503)
    response["Cache-Control"] = "no-store"
    return response


class Latest:
    """What was seen a moment ago: however many ask, each part is asked once a second, and by one thread."""

    def __init__(self) -> None:
        self.lock, self.until, self.seen = threading.Lock(), 0.0, dict[str, str]()

    def parts(self) -> dict[str, str]:
        """The parts and their states; who comes while one looks waits for what that one sees."""
        with self.lock:
            if time.monotonic() >= self.until:
                self.seen = look()
                self.until = time.monotonic() + FRESH
            return self.seen


latest = Latest()


def look() -> dict[str, str]:
    """The state of each part."""
    parts = {"database": database(), "redis": redis()}
    if settings.BROKER.name != "Redis":
        parts[settings.BROKER.name.lower().removeprefix("the ")] = broker()
    if parts["database"] == "ok":
        parts["workers"] = workers()
    return parts


def away(part: str, reason: object) -> str:
    """Anybody may read that it is away; why is for the log."""
    logger.warning("health: %s is away: %s", part, reason)
    return "away"


def database() -> str:
    """ok, or away."""
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        connections.close_all()
        return away("the database", error)
    return "ok"


def redis() -> str:
    """ok, or away."""
    try:
        cache.get("health")
    except ERRORS as error:
        return away("Redis", told(error))
    return "ok"


def broker() -> str:
    """ok, or away: asked on a connection of its own, since the publisher's may be waiting."""
    connection = current_app.connection_for_write()
    # Beside the error that tells of no connection, those of a wrong password.
    errors: tuple[type[BaseException], ...] = (*connection.connection_errors, *connection.channel_errors)
    try:
        with connection:
            connection.ensure_connection(max_retries=0)
    except OperationalError as error:
        return away(settings.BROKER.name, error.__cause__ or error)
    except errors as error:
        return away(settings.BROKER.name, error)
    return "ok"


def workers() -> str:
    """ok where at least one worker shows a sign of life."""
    return "ok" if alive().exists() else "away: no worker has signed within the last seconds"
