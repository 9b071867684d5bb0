"""Three answers: the process lives; it takes requests; the whole stack is well."""

from collections.abc import Callable

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import Error, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from durable.workers import alive


def probes(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that answers before all else: probes know no Host name, and what others refuse they tell."""
    answers = {"/live": live, "/ready": ready, "/health": health}

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
    parts = {"database": database(), "redis": redis()}
    if settings.BROKER.name != "Redis":
        parts[settings.BROKER.name.lower().removeprefix("the ")] = broker()
    if parts["database"] == "ok":
        parts["workers"] = workers()
    well = all(state == "ok" for state in parts.values())
    response = JsonResponse({"status": "ok" if well else "degraded", **parts}, status=200 if well else 503)
    response["Cache-Control"] = "no-store"
    return response


def database() -> str:
    """ok, or why not."""
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        connections.close_all()
        return f"away: {type(error).__name__}"
    return "ok"


def redis() -> str:
    """ok, or why not."""
    try:
        cache.get("health")
    except (RedisError, OSError) as error:
        return f"away: {type(error).__name__}"
    return "ok"


def broker() -> str:
    """ok, or why not: asked on a connection of its own, since the publisher's may be waiting."""
    connection = current_app.connection_for_write()
    refusals: tuple[type[BaseException], ...] = connection.connection_errors + connection.channel_errors
    try:
        with connection:
            connection.ensure_connection(max_retries=0)
    except OperationalError as error:
        return f"away: {type(error.__cause__ or error).__name__}"
    except refusals as error:  # a wrong password
        return f"away: {type(error).__name__}"
    return "ok"


def workers() -> str:
    """ok where at least one worker shows a sign of life."""
    return "ok" if alive().exists() else "away: no worker has signed within the last seconds"
