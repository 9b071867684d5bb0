"""The page: a form and a list that works without JavaScript."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from arithmetic.forms import TaskForm
from arithmetic.listing import page
from arithmetic.services import KeyConflict, create_task
from arithmetic.workers import hindrance

UNPROCESSABLE = 422


@csrf_exempt  # create() checks it: a wrong method is told so first
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """GET: the page. POST: create a task from the form."""
    if request.method == "POST":
        return create(request)
    return whole_page(request, TaskForm())


@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """The list alone, for the page's script; the ETag spares what has not changed."""
    response = fragment(request)
    response["Cache-Control"] = "no-cache"  # keep it, but ask each time
    return response


@csrf_protect
def create(request: HttpRequest) -> HttpResponse:
    """Create from the form: redirect to the list, or show the errors beside their fields."""
    form, by_script = TaskForm(request.POST), request.headers.get("X-Requested-With") == "fetch"
    if form.is_valid():
        data = form.cleaned_data
        try:
            task, _ = create_task(
                x=data["x"],
                task_type=data["task_type"],
                y=data["y"],
                idempotency_key=request.headers.get("Idempotency-Key", data["idempotency_key"])[:128],
                request_id=request.META["HTTP_X_REQUEST_ID"],
            )
        except KeyConflict:
            form.add_error(None, "This form was sent before with other numbers. Reload the page, then send it again.")
        else:
            return created(request, task.pk) if by_script else redirect_to_list()
    if by_script:
        sentence = " ".join(map(str, form.non_field_errors())) or "Correct the marked fields."
        return JsonResponse({"error": sentence, "fields": form.errors}, status=UNPROCESSABLE)
    return whole_page(request, form, status=UNPROCESSABLE)


def created(request: HttpRequest, identity: int) -> HttpResponse:
    """201 for the page's script: the list, and which task is the new one."""
    response = fragment(request, status=201)
    response["Location"] = f"/api/tasks/{identity}"
    return response


def redirect_to_list() -> HttpResponse:
    """303: the browser GETs the list, whatever its method was."""
    response = redirect("index")
    response.status_code = 303
    return response


def whole_page(request: HttpRequest, form: TaskForm, status: int = 200) -> HttpResponse:
    """The page around the list."""
    return with_list(request, "arithmetic/index.html", {"form": form}, status)


def fragment(request: HttpRequest, status: int = 200) -> HttpResponse:
    """The list by itself."""
    return with_list(request, "arithmetic/_tasks.html", {}, status)


def with_list(request: HttpRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    """Render a template with one page of the list, chosen by ?before= or ?after=."""
    try:
        asked = request.GET if request.method != "POST" else {}  # what was created is on the newest page
        cursors = {name: int(asked[name]) for name in ("before", "after") if name in asked}
    except ValueError:
        return HttpResponseBadRequest("before and after take the id of a task.", content_type="text/plain")
    cursors = {name: min(value, 2**63 - 1) for name, value in cursors.items()}
    shown = page(**cursors)
    context |= {"tasks": shown.tasks, "next": shown.next, "previous": shown.previous, "hint": hindrance()}
    return render(request, template, context, status=status)
