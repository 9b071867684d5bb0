"""A kind's page: a form and a list that works without JavaScript."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from durable import batches
from durable.http.asked import CURSORS, Asked, address, api_address, asked, since, templates
from durable.http.forms import TaskForm, new_key, task_form, unexpected
from durable.kinds import Kind
from durable.models import ENDED, Batch, Status
from durable.services import KeyConflict, create_task
from durable.stats import stats
from durable.workers import hindrance

UNPROCESSABLE = 422
CURSOR_SENTENCE = "before and after take the id of a task."
SCRIPTS = [f"durable/{name}.js" for name in ("list", "form", "actions", "batches", "stats")]
RECENT_BATCHES = 3  # each costs a count
LOOK_THROUGH = 50  # batches of all kinds, for the newest of this one


@csrf_exempt  # create() checks it: a wrong method is told so first
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest, kind: Kind) -> HttpResponse:
    """GET: the page. POST: create a task from the form."""
    if request.method == "POST":
        return create(request, kind)
    return whole_page(request, kind)


@require_safe
def tasks(request: HttpRequest, kind: Kind) -> HttpResponse:
    """The list alone, for the page's script: the same for all readers of a language, so that a cache may share it."""
    response = fragment(request, kind)
    response["Cache-Control"] = "public, max-age=1" if "lang" in request.GET else "no-cache"
    return response


@csrf_protect
def create(request: HttpRequest, kind: Kind) -> HttpResponse:
    """Create from the form: redirect to the list, or show the errors beside their fields."""
    data = request.POST.copy()
    if "Idempotency-Key" in request.headers:
        data["idempotency_key"] = request.headers["Idempotency-Key"]
    form = task_form(kind)(data)
    if unknown := unexpected(request, *form.fields):
        form.add_error(None, unknown)
    if form.is_valid():
        key, request_id = form.cleaned_data["idempotency_key"], request.META["HTTP_X_REQUEST_ID"]
        try:
            task, _ = create_task(kind=kind, values=form.values, idempotency_key=key, request_id=request_id)
        except KeyConflict:
            sent = gettext("This form was sent before with other values. Reload the page, then send it again.")
            form.add_error(None, sent)
        else:
            return created(request, kind, task.pk) if by_script(request) else see_other(address(kind, "index"))
    if by_script(request):
        sentence = " ".join(form.other_errors) or gettext("Correct the marked fields.")
        return JsonResponse({"error": sentence, "fields": form.errors}, status=UNPROCESSABLE)
    return whole_page(request, kind, form=form, status=UNPROCESSABLE)


def created(request: HttpRequest, kind: Kind, identity: int) -> HttpResponse:
    """201 for the page's script: the list, and which task is the new one."""
    response = fragment(request, kind, status=201)
    response["Location"] = api_address(kind, identity)
    return response


def by_script(request: HttpRequest) -> bool:
    """Whether the page's script asks, and not the browser itself."""
    return request.headers.get("X-Requested-With") == "fetch"


def see_other(where: str) -> HttpResponse:
    """303: the browser GETs the address, whatever its method was."""
    response = redirect(where)
    response.status_code = 303
    return response


def whole_page(
    request: HttpRequest, kind: Kind, status: int = 200, form: TaskForm | None = None, **more: Any
) -> HttpResponse:
    """The page around the list."""
    figures = stats(kind)
    recent = [{"batch": batch, **progress(batch)} for batch in recent_batches(request, kind)]
    context = {
        "form": form or task_form(kind)(),
        "batches": recent,
        "upload_open": "batch" in request.GET or any(shown["running"] for shown in recent),
        "upload_key": new_key(),
        "stats": figures,
        "stats_url": api_address(kind, "stats"),
        "status_counts": [
            (status, f"{figures['counts'][status]:,}{'+' if status in figures['capped'] else ''}")
            for status in Status.values
        ],
        "scripts": SCRIPTS,
    }
    return with_list(request, kind, "index.html", {**context, **more}, status)


def recent_batches(request: HttpRequest, kind: Kind) -> list[Batch]:
    """The newest ones of this kind, and before them the one that the list is narrowed to."""
    newest = Batch.objects.order_by("-id")[:LOOK_THROUGH]
    recent = [batch for batch in newest if batch.kind == kind.name][:RECENT_BATCHES]
    if (chosen := request.GET.get("batch", "")).isdecimal() and len(chosen) < 19:
        asked_for = Batch.objects.filter(pk=int(chosen), kind=kind.name)
        recent = [*asked_for, *(batch for batch in recent if batch.pk != int(chosen))]
    return recent


def progress(batch: Batch) -> dict[str, Any]:
    """How far a batch is."""
    counts = batches.counts(batch)
    ended = sum(counts[status] for status in ENDED)
    return {"counts": counts, "ended": ended, "running": ended < batch.total}


def fragment(request: HttpRequest, kind: Kind, status: int = 200) -> HttpResponse:
    """The list by itself; with ?since= only what changed is there in full."""
    return with_list(request, kind, "_tasks.html", {"since": since(request)}, status, "since")


def with_list(
    request: HttpRequest, kind: Kind, template: str, context: dict[str, Any], status: int, *known: str
) -> HttpResponse:
    """Render a template with one page of the list."""
    try:
        # What was created is on the newest page.
        part = Asked(kind) if request.method == "POST" else asked(kind, request.GET, *CURSORS, *known)
    except ValueError:
        return HttpResponseBadRequest(CURSOR_SENTENCE, content_type="text/plain")
    shown = part.page()
    context |= {
        "kind": kind,
        "tasks_template": templates(kind, "_tasks.html"),
        "shown_inputs": [name for name in kind.listed if name not in kind.outputs],
        "shown_outputs": [name for name in kind.listed if name in kind.outputs],
        "tasks": shown.tasks,
        "next": shown.next,
        "previous": shown.previous,
        "newest_change": max((task.update_time for task in shown.tasks), default=None),
        "asked": part,
        "filters": part.query,
        "hint": hindrance(),
    }
    return render(request, templates(kind, template), context, status=400 if part.errors else status)
