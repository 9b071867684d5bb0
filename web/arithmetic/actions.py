"""Cancel and retry from the page: one task by its button, many by the list's filters after a confirmation."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from arithmetic import services
from arithmetic.views import Asked, asked, by_script, see_other
from arithmetic.words import translated

CONFLICT = 409
QUESTIONS = {"cancel": gettext_noop("Cancel these tasks?"), "retry": gettext_noop("Retry these tasks?")}


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Cancel or retry the task that a row's button names, then lead back to where the reader was."""
    action = "cancel" if "cancel" in request.POST else "retry"
    task_id = number(request.POST.get(action, ""))
    try:
        if action == "cancel":
            services.cancel_task(task_id)
        else:
            services.retry_task(task_id, request_id=request.META["HTTP_X_REQUEST_ID"])
    except services.NoSuchTask as error:
        return refused(request, translated(str(error)), 404)
    except services.NotPossible as error:
        return refused(request, translated(str(error)), CONFLICT)
    if by_script(request):
        return JsonResponse({})
    return see_other(back(request))


def number(text: str) -> int:
    """An id or a count that a form of ours gave; 0, which is none, for anything else."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def back(request: HttpRequest) -> str:
    """The list as the reader saw it."""
    query = request.POST.get("query", "").partition("#")[0]
    return f"{reverse('index')}{f'?{query}' if query.isprintable() and query else ''}#tasks-heading"


def refused(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    """Why it was not done, in the shape that was asked for."""
    if by_script(request):
        return JsonResponse({"error": sentence}, status=status)
    context = {"title": gettext("Nothing was changed"), "sentence": sentence, "away": False}
    return render(request, "refusal.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def many(request: HttpRequest) -> HttpResponse:
    """GET: how many it would be. POST: do it, unless more fit by now than were confirmed."""
    given = (request.POST if request.method == "POST" else request.GET).get("action", "")
    part = filters(request)
    if given not in QUESTIONS or part is None:
        return HttpResponseBadRequest("action is cancel or retry; the rest are filters.", content_type="text/plain")
    action: services.Action = "cancel" if given == "cancel" else "retry"
    if request.method != "POST":
        return confirmation(request, action, part)
    change: Callable[..., Any] = services.cancel_matching
    more: dict[str, Any] = {}
    if action == "retry":
        change, more = services.retry_matching, {"request_id": request.META["HTTP_X_REQUEST_ID"]}
    try:
        change(filters=part.filters, expected=number(request.POST.get("expected", "")), **more)
    except services.TooMany:
        return confirmation(request, action, part, status=CONFLICT)
    return see_other(f"{reverse('index')}?{part.query}#tasks-heading")


def filters(request: HttpRequest) -> Asked | None:
    """The filters in the address; None where they are wrong: then nothing must be changed."""
    try:
        part = asked(request.GET)
    except ValueError:
        return None
    return None if part.errors or "id" in part.chosen else part


def confirmation(request: HttpRequest, action: services.Action, part: Asked, status: int = 200) -> HttpResponse:
    """Ask, and say how many; with 409 because there are more by now."""
    found = services.matching(action, part.filters)
    context = {
        "action": action,
        "question": QUESTIONS[action],
        "count": found.count,
        "capped": found.capped,
        "shown_count": number_format(found.count, force_grouping=True),
        "chosen": part.chosen,
        "filters": part.query,
        "more_by_now": status == CONFLICT,
    }
    return render(request, "arithmetic/many.html", context, status=status)
