"""Cancel and retry from the page: one task by its button, many by the list's filters after a confirmation."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from durable import actions
from durable.http.answers import CONFLICT, UNPROCESSABLE, by_script, number, refused, see_other
from durable.http.asked import Asked, address, asked
from durable.http.by import by
from durable.http.forms import unexpected, unknown_fields
from durable.kinds import Kind
from durable.words import of, translated

CHOSEN = 100  # boxes: more than a page has
QUESTIONS = {"cancel": gettext_noop("Cancel these tasks?"), "retry": gettext_noop("Retry these tasks?")}


@require_POST
def act(request: HttpRequest, kind: Kind) -> HttpResponse:
    """Cancel or retry the task that a row's button names, then lead back to where the reader was."""
    if unknown := unexpected(request, "cancel", "retry", "query", "back"):
        return refused(request, kind, unknown, UNPROCESSABLE)
    if "cancel" in request.POST and "retry" in request.POST:
        return refused(request, kind, gettext("Either cancel a task or retry it: press one button."), UNPROCESSABLE)
    action = "cancel" if "cancel" in request.POST else "retry"
    task_id = number(request.POST.get(action, ""))
    try:
        if action == "cancel":
            actions.cancel_task(kind=kind, task_id=task_id, by=by(request))
        else:
            actions.retry_task(kind=kind, task_id=task_id, by=by(request))
    except actions.NoSuchTask as error:
        return refused(request, kind, translated(of(error)), 404)
    except actions.NotPossible as error:
        return refused(request, kind, translated(of(error)), CONFLICT)
    if by_script(request):
        return JsonResponse({})
    own = request.POST.get("back") == "task"  # the button stood on the task's own page
    return see_other(f"{address(kind, 'index')}tasks/{task_id}" if own else back(request, kind))


def back(request: HttpRequest, kind: Kind) -> str:
    """The list as the reader saw it."""
    query = request.POST.get("query", "").partition("#")[0]
    return f"{address(kind, 'index')}{f'?{query}' if query.isprintable() and query else ''}#tasks-heading"


@require_POST
def chosen(request: HttpRequest, kind: Kind) -> HttpResponse:
    """Cancel or retry the tasks whose boxes are ticked, as far as their states allow; then lead back."""
    given = request.POST.getlist("id")
    ids = [identity for text in given[:CHOSEN] if (identity := number(text))]
    action = request.POST.get("action", "")
    unknown = unexpected(request, "id", "action", "query", several="id")
    if unknown or action not in QUESTIONS or len(ids) != len(given):
        return refused(
            request, kind, unknown or gettext("Choose tasks by their boxes, then press a button."), UNPROCESSABLE
        )
    if ids:
        actions.change_these(kind, "cancel" if action == "cancel" else "retry", ids, by(request))
    return JsonResponse({}) if by_script(request) else see_other(back(request, kind))


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
    action: actions.Action = "cancel" if given == "cancel" else "retry"
    if not changes:
        return confirmation(request, action, part)
    change = actions.cancel_matching if action == "cancel" else actions.retry_matching
    expected = number(request.POST.get("expected", ""))
    try:
        change(kind=kind, filters=part.filters, expected=expected, by=by(request))
    except actions.TooMany:
        return confirmation(request, action, part, status=CONFLICT)
    return see_other(f"{address(kind, 'index')}?{part.query}#tasks-heading")


@require_POST
def switch(request: HttpRequest, kind: Kind, change: Callable[..., bool]) -> HttpResponse:
    """Pause or resume the kind, then lead back."""
    if unknown := unexpected(request, "query", "back"):
        return refused(request, kind, unknown, UNPROCESSABLE)
    change(kind=kind, by=by(request))
    activity = request.POST.get("back") == "activity"
    return see_other(f"{reverse('activity')}?kind={kind.name}" if activity else back(request, kind))


def asked_for_many(request: HttpRequest, kind: Kind) -> Asked:
    """The filters in the address, all but that by number: one task has a button of its own."""
    query = request.GET.copy()
    ids = query.pop("id", [])
    part = asked(kind, query, *(() if request.method == "POST" else ("action",)))
    if any(ids):
        part.errors.append(gettext("Many tasks are not chosen by the number of one: leave out id."))
    return part


def confirmation(request: HttpRequest, action: actions.Action, part: Asked, status: int = 200) -> HttpResponse:
    """Ask, and say how many; with 409 because there are more by now."""
    found = actions.matching(kind=part.kind, action=action, filters=part.filters)
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
