"""What the whole does, for those who run it: figures and plots of a kind, its errors, the workers, what was done."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from durable import counters, events, kinds
from durable.claimed import Claim
from durable.failures import failures
from durable.http.answers import refused_address
from durable.http.forms import unknown_filters
from durable.http.language import named
from durable.http.plots import Plot, column, per_second, plain, plot, seconds
from durable.kinds import Kind
from durable.pauses import is_paused
from durable.stats import stats
from durable.workers import Worker, alive, hindrance

# What is shown: how long, and a step, both in seconds.
RANGES = {"10m": (600, 10), "1h": (3_600, 60), "24h": (86_400, 600)}
WORDS = {
    "10m": gettext_lazy("10 minutes"),
    "1h": gettext_lazy("1 hour"),
    "24h": gettext_lazy("24 hours"),
}
FAILED = {
    "10m": gettext_lazy("failed in 10 minutes"),
    "1h": gettext_lazy("failed in an hour"),
    "24h": gettext_lazy("failed in 24 hours"),
}
RECENT = 20  # events


@never_cache
@require_safe
def activity(request: HttpRequest) -> HttpResponse:
    """The page."""
    return shown(request, "durable/activity.html")


@require_safe
def now(request: HttpRequest) -> HttpResponse:
    """What moves in it, for the page's script: the same for all readers of a language."""
    response = shown(request, "durable/_activity.html")
    response["Cache-Control"] = "public, max-age=1" if named(request) else "no-cache"
    return response


def shown(request: HttpRequest, template: str) -> HttpResponse:
    """Render it for what the address asks for."""
    known = {kind.name: kind for kind in kinds.every()}
    name, length = request.GET.get("kind", kinds.first().name), request.GET.get("range", "10m")
    errors = unknown_filters(request.GET, "kind", "range")
    if name not in known:
        errors.append(gettext("There is no kind {name}.").format(name=name[:40]))
    if length not in RANGES:
        errors.append(gettext("range is one of {names}.").format(names=", ".join(RANGES)))
    if errors:
        return refused_address(request, errors)
    operates = "operate" in request.principal.scopes  # type: ignore[attr-defined]
    whole = template == "durable/activity.html"
    context = {
        "kind": known[name],
        "place": "activity",
        "range": length,
        "ranges": list(WORDS.items()),
        "events": events.of_people(RECENT) if operates and whole else [],
        "paused": is_paused(known[name]) if whole else False,
        "hint": hindrance(known[name]),
        **figures(known[name], length),
    }
    return render(request, template, context)


def figures(kind: Kind, length: str) -> dict[str, Any]:
    """Tiles, plots, errors and workers."""
    steps, step = history(kind, *RANGES[length]), RANGES[length][1]
    return {
        "tiles": tiles(stats(kind), steps, length),
        "plots": plots(steps, step),
        "steps": steps[::-1],
        "failures": failures(kind),
        "workers": workers(kind),
        "begin": f"{timezone.now() - timedelta(seconds=RANGES[length][0]):%Y-%m-%dT%H:%M:00Z}",
    }


def history(kind: Kind, length: int, step: int) -> list[dict[str, Any]]:
    """The steps as they are told, oldest first."""
    found = counters.history(kind.name, length, step)
    return [{"time": datetime.fromtimestamp(start, UTC), **counters.told(numbers)} for start, numbers in found]


def plots(steps: list[dict[str, Any]], step: int) -> list[Plot]:
    """What is drawn of them."""
    rate = 1 / step
    return [
        plot(
            gettext("Ended per second"),
            per_second,
            success=(gettext("success"), column(steps, "success", rate)),
            failed=(gettext("failed"), column(steps, "failed", rate)),
        ),
        plot(
            gettext("Waiting before a worker starts"),
            seconds,
            p50=(gettext("median"), column(steps, "waiting_ms")),
            p95=(gettext("95 of 100 wait less"), column(steps, "waiting_p95_ms")),
        ),
        plot(
            gettext("Running"),
            seconds,
            p50=(gettext("median"), column(steps, "running_ms")),
            p95=(gettext("95 of 100 run shorter"), column(steps, "running_p95_ms")),
        ),
    ]


def tiles(told: dict[str, Any], steps: list[dict[str, Any]], length: str) -> list[dict[str, Any]]:
    """The figures of now, each with what it was."""
    counts, capped, rate = told["counts"], told["capped"], 1 / RANGES[length][1]
    return [
        {
            "name": "created",
            "label": gettext("waiting"),
            "value": plain(counts["created"]) + ("+" if "created" in capped else ""),
            "plot": plot(gettext("Waiting before a worker starts"), seconds, p50=("", column(steps, "waiting_ms"))),
        },
        {
            "name": "pending",
            "label": gettext("running"),
            "value": plain(counts["pending"]),
            "plot": plot(gettext("Running"), seconds, p50=("", column(steps, "running_ms"))),
        },
        {
            "name": "failed",
            "label": FAILED[length],
            "value": plain(sum(step["failed"] for step in steps)),
            "plot": plot(gettext("failed per second"), per_second, failed=("", column(steps, "failed", rate))),
        },
        {
            "name": "throughput",
            "label": gettext("ended per second"),
            "value": plain(told["throughput"]),
            "plot": plot(gettext("ended per second"), per_second, success=("", column(steps, "ended", rate))),
        },
        {"name": "workers", "label": gettext("workers"), "value": plain(told["workers"]), "plot": None},
    ]


def workers(kind: Kind) -> list[dict[str, Any]]:
    """The live workers: what each does, and how much it has ended of this kind in the last minute."""
    claims = list(Claim.objects.filter(ids__isnull=False).order_by("start_time"))
    ended = counters.ended_by(kind.name)
    return [
        {
            "worker": worker,
            "claims": [claim for claim in claims if of(worker, claim.worker)],
            "processes": len(worker.pids),
            "ended": sum(number for process, number in ended.items() if of(worker, process)),
        }
        for worker in alive().order_by("name")
    ]


def of(worker: Worker, process: str) -> bool:
    """Whether a process is one of the worker's pool."""
    return process.startswith(f"{worker.name}/")
