"""The page of one task: what it was given, what became of it, and each step on the way."""

import json
import shlex
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from durable import actions, services
from durable.access import nobody_may
from durable.events import ATTEMPT, Event
from durable.http.answers import CONFLICT, UNPROCESSABLE, refused, refused_address, see_other
from durable.http.asked import api_address, task_address, templates
from durable.http.by import by
from durable.http.forms import new_key, unexpected, unknown_filters
from durable.http.language import named
from durable.kinds import Kind
from durable.listing import BIGGEST_ID, one
from durable.models import Batch
from durable.states import ENDED, Status
from durable.workers import hindrance

EVENTS = 200  # of one task: the newest
KEY = "idempotency_key"


@dataclass(frozen=True)
class Moment:
    """A step of the task's way: since when, in what state, and for how long."""

    state: str
    time: datetime
    took: float | None = None  # milliseconds


@never_cache
@require_safe
def show(request: HttpRequest, kind: Kind, task_id: int) -> HttpResponse:
    """The page."""
    return shown(request, kind, task_id, "task.html")


@require_safe
def now(request: HttpRequest, kind: Kind, task_id: int) -> HttpResponse:
    """What changes in it, for the page's script: the same for all readers of a language."""
    response = shown(request, kind, task_id, "_task.html")
    response["Cache-Control"] = "public, max-age=1" if named(request) else "no-cache"
    return response


@require_safe
def brief(request: HttpRequest, kind: Kind, task_id: int) -> HttpResponse:
    """In one line what became of it, for whoever created it."""
    if errors := unknown_filters(request.GET):
        return refused_address(request, errors)
    task = one(kind, task_id)
    if task is None:
        return refused(request, kind, str(actions.no_task(task_id)), 404)
    context = {"kind": kind, "made": task, "hint": hindrance(kind)}
    response = render(request, templates(kind, "_made.html"), context)
    response["Cache-Control"] = "public, max-age=1" if named(request) else "no-cache"
    return response


def shown(request: HttpRequest, kind: Kind, task_id: int, template: str) -> HttpResponse:
    """Render it; 404 where there is no such task."""
    if errors := unknown_filters(request.GET):
        return refused_address(request, errors)
    task = one(kind, task_id)
    if task is None:
        sentence = gettext("There is no task {id}, or it ended so long ago that it was deleted.").format(id=task_id)
        context = {"kind": kind, "title": gettext("No such task"), "sentence": sentence, "away": False}
        return render(request, "refusal.html", context, status=404)
    whole = template == "task.html"
    context = {
        "kind": kind,
        "task": task,
        "inputs": kind.inputs,
        "outputs": kind.outputs,
        "ended": task.status in ENDED,
        "moments": moments(task),
        "hint": hindrance(kind) if task.status == Status.CREATED else "",
        "batch": Batch.objects.filter(pk=task.batch_id).first() if task.batch_id else None,
        **told(kind, task),
    }
    if whole and kind.creatable:
        context |= {"key": new_key(), "curl": curl(request, kind, task)}
    return render(request, f"durable/{template}", context)


def told(kind: Kind, task: Any) -> dict[str, Any]:
    """What was noted about it: attempts that failed, and what people did; newest first."""
    noted = Event.objects.filter(kind=kind.name, subject=str(task.pk)).exclude(what="batch").order_by("-id")
    events = list(noted[:EVENTS])
    return {
        "attempts": [event for event in events if event.what == ATTEMPT],
        "events": [event for event in events if event.what != ATTEMPT],
    }


def moments(task: Any) -> list[Moment]:
    """Its way so far, as the row tells it: created, begun, ended, or what it waits for."""
    way = [Moment("created", task.create_time, took(task.create_time, task.start_time))]
    if task.start_time:
        ended = task.status in (Status.SUCCESS, Status.FAILED)
        way.append(Moment("pending", task.start_time, took(task.start_time, task.update_time) if ended else None))
    if task.status in ENDED:
        way.append(Moment(task.status, task.update_time))
    elif task.due_time:
        way.append(Moment("scheduled", task.due_time))
    return way


def took(start: datetime, end: datetime | None) -> float | None:
    """Milliseconds from one to the other."""
    return None if end is None else max(0.0, (end - start).total_seconds() * 1000)


def curl(request: HttpRequest, kind: Kind, task: Any) -> str:
    """The command that creates the same once more; a token where strangers may not."""
    values = {name: getattr(task, name) for name in kind.inputs}
    where = request.build_absolute_uri(api_address(kind, "").rstrip("/"))
    parts = ["curl", "-X", "POST", where, "-H", "Content-Type: application/json"]
    command = " ".join(shlex.quote(part) for part in parts)
    if "write" not in nobody_may():
        command += ' -H "Authorization: Bearer $TOKEN"'
    return f"{command} -d {shlex.quote(json.dumps(values, cls=DjangoJSONEncoder, ensure_ascii=False))}"


@require_POST
def again(request: HttpRequest, kind: Kind, task_id: int) -> HttpResponse:
    """Create a task of the same inputs, and show it."""
    if unknown := unexpected(request, KEY):
        return refused(request, kind, unknown, UNPROCESSABLE)
    task = one(kind, task_id if task_id <= BIGGEST_ID else 0)
    if task is None:
        return refused(request, kind, str(actions.no_task(task_id)), 404)
    values = {name: getattr(task, name) for name in kind.inputs}
    try:
        key = request.POST.get(KEY, "")[:128]
        made, _ = services.create_task(kind=kind, values=values, idempotency_key=key, by=by(request))
    except services.KeyConflict as error:
        return refused(request, kind, str(error), CONFLICT)
    return see_other(task_address(made))
