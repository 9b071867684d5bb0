"""/metrics: how the whole stands, which any web container tells alike; /metrics/container: how one of these does.

For Prometheus inside. HAProxy lets nobody there, and whoever came through a proxy all the same finds nothing.
"""

import os
import socket
from collections import Counter as Numbers
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from durable import metrics
from durable.http import families
from durable.stats import Memory

try:
    import uwsgi  # its own, there is none outside of it
except ImportError:
    uwsgi = None

View = Callable[[HttpRequest], HttpResponse]
LANE = "WEB_LANE"  # in the environment of uWSGI: which of the two this one is


class These(Collector):
    """What was gathered for one answer."""

    def __init__(self, found: Iterable[Metric]) -> None:
        self.found = found

    def collect(self) -> Iterable[Metric]:
        """All of it."""
        return self.found


def text(found: Iterable[Metric]) -> str:
    """As Prometheus reads it."""
    registry = CollectorRegistry()
    registry.register(These(list(found)))
    return generate_latest(registry).decode()


def count() -> dict[str, Any]:
    """What is shared for a second."""
    return {"text": text(families.of(metrics.look()))}


memory = Memory("metrics", count)


def inside(view: View) -> View:
    """Nothing is there for who comes through a proxy: each says for whom, HAProxy always."""

    @require_safe
    def guarded(request: HttpRequest) -> HttpResponse:
        if "X-Forwarded-For" in request.headers:
            return HttpResponse("There is nothing here.\n", status=404, content_type="text/plain")
        return view(request)

    return guarded


@inside
def whole(request: HttpRequest) -> HttpResponse:
    """From the database. Where that is away, this says so: what is not there is no zero."""
    try:
        told: str = memory.get()["text"]
    except Error:
        told = text([families.database(up=False)])
    return answer(told)


@inside
def container(request: HttpRequest) -> HttpResponse:
    """From uWSGI, of the lane that was asked."""
    return answer(text(lane() if uwsgi else ()))


def answer(told: str) -> HttpResponse:
    """In Prometheus's text format."""
    response = HttpResponse(told, content_type=CONTENT_TYPE_PLAIN_0_0_4)
    response["Cache-Control"] = "no-store"
    return response


def lane() -> Iterator[Metric]:
    """uWSGI's processes, the one that answers this among the busy ones, and who waits for one."""
    labels = {"container": socket.gethostname(), "lane": os.environ.get(LANE, "fast")}
    values, workers = list(labels.values()), uwsgi.workers()
    states = Numbers(row["status"].decode() for row in workers)
    by_state = [([*values, state], states[state]) for state in ("idle", "busy", "cheap", "pause")]
    yield families.gauge("uwsgi_workers", "uWSGI's processes by state.", [*labels, "state"], by_state)
    for name, words, number in (
        ("uwsgi_listen_queue", "Connections that wait to be accepted.", uwsgi.listen_queue()),
        ("uwsgi_listen_queue_limit", "How many may.", int(uwsgi.opt["listen"])),
    ):
        yield families.gauge(name, words, list(labels), [(values, number)])
    respawned = sum(row["respawn_count"] for row in workers)
    yield families.counter("uwsgi_respawns", "Processes that were started in the place of others.", labels, respawned)
