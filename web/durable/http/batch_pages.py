"""Batches as pages: all of them, newest first, and one each with its progress, its errors and its way."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from durable import batches, kinds
from durable.events import Event
from durable.failures import failures
from durable.http.answers import refused_address
from durable.http.forms import unknown_filters
from durable.http.language import named
from durable.kinds import Kind
from durable.listing import BIGGEST_ID
from durable.models import Batch
from durable.states import ENDED, Status

PAGE = 20  # batches: each costs a count
EVENTS = 50
# In this order they stand in the bar.
PARTS = (Status.SUCCESS, Status.FAILED, Status.CANCELLED, Status.PENDING, Status.CREATED, Status.SCHEDULED)


@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The list."""
    before = request.GET.get("before", "")
    if errors := unknown_filters(request.GET, "before"):
        return refused_address(request, errors)
    rows = Batch.objects.filter(kind__in=kinds.registry).order_by("-id")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PAGE + 1])
    context = {
        "batches": [progress(batch) for batch in found[:PAGE]],
        "next": found[PAGE - 1].pk if len(found) > PAGE else None,
        "before": before,
        "place": "batches",
    }
    return render(request, "durable/batches.html", context)


@never_cache
@require_safe
def show(request: HttpRequest, batch_id: int) -> HttpResponse:
    """One batch."""
    return shown(request, batch_id, "durable/batch.html")


@require_safe
def now(request: HttpRequest, batch_id: int) -> HttpResponse:
    """What changes in it, for the page's script: the same for all readers of a language."""
    response = shown(request, batch_id, "durable/_batch.html")
    response["Cache-Control"] = "public, max-age=1" if named(request) else "no-cache"
    return response


@require_safe
def panel(request: HttpRequest, batch_id: int) -> HttpResponse:
    """In one line how far it is, for the form that it came from."""
    response = shown(request, batch_id, "durable/_batch_line.html")
    response["Cache-Control"] = "public, max-age=1" if named(request) else "no-cache"
    return response


def shown(request: HttpRequest, batch_id: int, template: str) -> HttpResponse:
    """Render it for a batch."""
    if errors := unknown_filters(request.GET):
        return refused_address(request, errors)
    batch = get_object_or_404(Batch, pk=min(batch_id, BIGGEST_ID))
    kind = kind_of(batch)
    context: dict[str, Any] = {"kind": kind, "place": "batches", "shown": progress(batch)}
    if template != "durable/_batch_line.html":
        failed = context["shown"]["counts"][Status.FAILED]
        context["failures"] = failures(kind, batch.pk) if failed else []
    if template == "durable/batch.html":
        noted = Event.objects.filter(kind=kind.name, subject=str(batch.pk), what="batch")
        context["events"] = list(noted.order_by("-id")[:EVENTS])
    return render(request, template, context)


def kind_of(batch: Batch) -> Kind:
    """What its tasks are; 404 where there are no such tasks any more."""
    try:
        return kinds.get(batch.kind)
    except KeyError:
        raise Http404 from None


def progress(batch: Batch) -> dict[str, Any]:
    """How far a batch is: counts, the parts of its bar, and while it runs the rate and what is left of its time."""
    counts = batches.counts(batch)
    ended = sum(counts[status] for status in ENDED)
    age = (timezone.now() - batch.create_time).total_seconds()
    rate = ended / age if age > 0 else 0.0
    running = ended < batch.total
    return {
        "batch": batch,
        "kind": kind_of(batch),
        "counts": counts,
        "ended": ended,
        "running": running,
        "parts": parts(counts, batch.total),
        "rate": rate if running else None,
        "left_ms": (batch.total - ended) / rate * 1000 if running and rate else None,
        "can_retry": counts[Status.FAILED] + counts[Status.CANCELLED],
    }


def parts(counts: dict[str, int], total: int) -> list[dict[str, Any]]:
    """Where each state's part of the bar begins and how long it is, of a thousand; what there is can be seen."""
    found, begin = list[dict[str, Any]](), 0.0
    for status in PARTS:
        if count := counts[status]:
            width = count / total * 1000
            found.append(
                {"status": str(status), "count": count, "begin": round(begin, 1), "width": round(max(width, 4), 1)}
            )
            begin += width
    return found
