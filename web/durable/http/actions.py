"""Cancel and retry from the page: one task by its button, many by the list's filters after a confirmation."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from durable import services
from durable.http.asked import Asked, address, asked
from durable.http.forms import unexpected, unknown_fields
from durable.http.pages import UNPROCESSABLE, by_script, see_other
from durable.kinds import Kind
from durable.words import of, translated

CONFLICT = 409
QUESTIONS = {"cancel": gettext_noop("Cancel these tasks?"), "retry": gettext_noop("Retry these tasks?")}


@require_POST
def act(request: HttpRequest, kind: Kind) -> HttpResponse:
    """Cancel or retry the task that a row's button names, then lead back to where the reader was."""
    if unknown := unexpected(request, "cancel", "retry", "query"):
        return refused(request, kind, unknown, UNPROCESSABLE)
    if "cancel" in request.POST and "retry" in request.POST:
        return refused(request, kind, gettext("Either cancel a task or retry it: press one button."), UNPROCESSABLE)
    action = "cancel" if "cancel" in request.POST else "retry"
    task_id = number(request.POST.get(action, ""))
    try:
        if action == "cancel":
            services.cancel_task(kind=kind, task_id=task_id)
        else:
            services.retry_task(kind=kind, task_id=task_id, request_id=request.META["HTTP_X_REQUEST_ID"])
    except services.NoSuchTask as error:
        return refused(request, kind, translated(of(error)), 404)
    except services.NotPossible as error:
        return refused(request, kind, translated(of(error)), CONFLICT)
    if by_script(request):
        return JsonResponse({})
    return see_other(back(request, kind))


def number(text: str) -> int:
    """An id or a count that a form of ours gave; 0, which is none, for anything else."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def back(request: HttpRequest, kind: Kind) -> str:
    """The list as the reader saw it."""
    query = request.POST.get("query", "").partition("#")[0]
    return f"{address(kind, 'index')}{f'?{query}' if query.isprintable() and query else ''}#tasks-heading"


def refused(request: HttpRequest, kind: Kind, sentence: str, status: int) -> HttpResponse:
    """Why it was not done, in the shape that was asked for."""
    if by_script(request):
        return JsonResponse({"error": sentence}, status=status)
    context = {"title": gettext("Nothing was changed"), "sentence": sentence, "away": False, "kind": kind}
    return render(request, "refusal.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def many(request: HttpRequest, kind: Kind) -> HttpResponse:
    """GET: how many it would be. POST: do it, unless more fit by now than were confirmed."""
    changes = request.method == "POST"
    given = (request.POST if changes else request.GET).get("action", "")
    part = asked_for_many(request, kind)
    # Where the filters are wrong, or some are not known, nothing must be changed: it would be too many.
    unknown = unknown_fields(request, "action", "expected") if changes else ""
    if given not in QUESTIONS or part.errors or unknown:
        sentences = [*part.errors, unknown] if part.errors or unknown else [gettext("action is cancel or retry.")]
        return refused(request, kind, " ".join(filter(None, sentences)), UNPROCESSABLE if changes else 400)
    action: services.Action = "cancel" if given == "cancel" else "retry"
    if not changes:
        return confirmation(request, action, part)
    change: Callable[..., Any] = services.cancel_matching
    more: dict[str, Any] = {}
    if action == "retry":
        change, more = services.retry_matching, {"request_id": request.META["HTTP_X_REQUEST_ID"]}
    try:
        change(kind=kind, filters=part.filters, expected=number(request.POST.get("expected", "")), **more)
    except services.TooMany:
        return confirmation(request, action, part, status=CONFLICT)
    return see_other(f"{address(kind, 'index')}?{part.query}#tasks-heading")


def asked_for_many(request: HttpRequest, kind: Kind) -> Asked:
    """The filters in the address, all but that by number: one task has a button of its own."""
    query = request.GET.copy()
    ids = query.pop("id", [])
    part = asked(kind, query, *(() if request.method == "POST" else ("action",)))
    if any(ids):
        part.errors.append(gettext("Many tasks are not chosen by the number of one: leave out id."))
    return part


def confirmation(request: HttpRequest, action: services.Action, part: Asked, status: int = 200) -> HttpResponse:
    """Ask, and say how many; with 409 because there are more by now."""
    found = services.matching(kind=part.kind, action=action, filters=part.filters)
    context = {
        "kind": part.kind,
        "action": action,
        "question": QUESTIONS[action],
        "count": found.count,
        "capped": found.capped,
        "shown_count": number_format(found.count, force_grouping=True),
        "asked": part,
        "filters": part.query,
        "more_by_now": status == CONFLICT,
    }
    return render(request, "durable/many.html", context, status=status)
