"""A kind's page: a form and a list that works without JavaScript."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from durable.http import shell
from durable.http.answers import UNPROCESSABLE, by_script, see_other
from durable.http.asked import CURSORS, Asked, address, api_address, asked, since, templates
from durable.http.batch_pages import progress
from durable.http.by import by
from durable.http.forms import TaskForm, new_key, task_form, unexpected
from durable.http.language import named
from durable.http.rows import columns, rows
from durable.kinds import Kind
from durable.listing import BIGGEST_ID, fingerprint, one
from durable.models import Batch
from durable.pauses import is_paused
from durable.services import KeyConflict, create_task
from durable.states import CANCELLABLE, RETRIABLE, Status
from durable.stats import stats
from durable.words import state, translated
from durable.workers import hindrance

SCRIPTS = [f"durable/{name}.js" for name in ("live", "list", "batches", "chips")]
# of what only some may do
ACTION_SCRIPTS, FORM_SCRIPTS = ["durable/actions.js"], ["durable/made.js", "durable/form.js", "durable/uploads.js"]
RECENT_BATCHES = 3  # each costs a count
LATELY = timedelta(seconds=3)
LOOK_THROUGH = 50  # batches of all kinds, for the newest of this one
# What many can be chosen for, by the state that the list is narrowed to.
AIMS = {"cancel": CANCELLABLE, "retry": RETRIABLE}
MADE = "made"  # in an address: the task that the reader has just created


@csrf_exempt  # create() checks it: a wrong method is told so first
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest, kind: Kind) -> HttpResponse:
    """GET: the page. POST: create a task from the form."""
    if request.method == "POST":
        return create(request, kind) if kind.creatable else HttpResponseNotAllowed(["GET", "HEAD"])
    if "" in request.GET.values():  # a form sends its empty fields, too
        return see_other(f"{request.path}?{urlencode([(name, text) for name, text in request.GET.items() if text])}")
    return whole_page(request, kind)


@require_safe
def tasks(request: HttpRequest, kind: Kind) -> HttpResponse:
    """Where people look for the list of tasks: it is a part of the kind's page."""
    query = request.GET.urlencode()
    return redirect(f"{address(kind, 'index')}{'?' if query else ''}{query}#tasks-heading")


@require_safe
def now(request: HttpRequest, kind: Kind) -> HttpResponse:
    """The list alone, for the page's script: the same for all readers of a language, so that a cache may share it."""
    response = with_list(request, kind, "_tasks.html", {"since": since(request), "alone": True}, 200, "since")
    response["Cache-Control"] = "public, max-age=1" if named(request) else "no-cache"
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
        key = form.cleaned_data["idempotency_key"]
        try:
            task, _ = create_task(kind=kind, values=form.values, idempotency_key=key, by=by(request))
        except KeyConflict:
            sent = gettext("This form was sent before with other values. Reload the page, then send it again.")
            form.add_error(None, sent)
        else:
            return created(request, kind, task)
    if by_script(request):
        sentence = " ".join(form.other_errors) or gettext("Correct the marked fields.")
        return JsonResponse({"error": sentence, "fields": form.errors}, status=UNPROCESSABLE)
    return whole_page(request, kind, form=form, status=UNPROCESSABLE)


def created(request: HttpRequest, kind: Kind, task: Any) -> HttpResponse:
    """The page, with what becomes of the task; for its script 201, with that and the list."""
    if not by_script(request):
        return see_other(f"{address(kind, 'index')}?{MADE}={task.pk}")
    response = with_list(request, kind, "_created.html", {"alone": True, "made": task}, 201)
    response["Location"] = api_address(kind, task.pk)
    return response


def whole_page(
    request: HttpRequest, kind: Kind, status: int = 200, form: TaskForm | None = None, **more: Any
) -> HttpResponse:
    """The page around the list."""
    if form or more or not shell.shared(request):
        context = around(request, kind, form or task_form(kind)(), new_key())
        return with_list(request, kind, "index.html", {**context, **more}, status, MADE)
    part = cache(lambda: listed(request, kind))

    def make() -> str:
        form = task_form(kind)(initial={"idempotency_key": shell.KEY})
        marks = {"list": shell.LIST, "hint": shell.HINT, "csrf_token": shell.TOKEN}
        parts = {**around(request, kind, form, shell.KEY), **part(), **marks}
        parts["bulk"] = bulk(parts["asked"], parts["stats"])
        return render_to_string(templates(kind, "index.html"), parts, request)

    def make_list() -> str:
        return render_to_string(templates(kind, "_tasks.html"), part(), request)

    return HttpResponse(shell.page(request, fingerprint(kind), translated(hindrance(kind)), make, make_list))


def around(request: HttpRequest, kind: Kind, form: TaskForm, upload_key: str) -> dict[str, Any]:
    """What the page needs besides its list."""
    figures, scopes = stats(kind), request.principal.scopes  # type: ignore[attr-defined]
    creates = kind.creatable and "write" in scopes
    return {
        "form": form if creates else None,
        "made": just_made(request, kind) if creates else None,
        "batches": recent_batches(kind) if creates else [],
        "upload_key": upload_key,
        "stats": figures,
        "paused": "operate" in scopes and is_paused(kind),
        "stats_url": api_address(kind, "stats"),
        "create_template": templates(kind, "_create.html"),
        "csv_url": api_address(kind, "results.csv"),
        "chips": [(name, state(name), figures["counts"][name], name in figures["capped"]) for name in Status.values],
        "scripts": SCRIPTS + (ACTION_SCRIPTS if "write" in scopes else []) + (FORM_SCRIPTS if creates else []),
        "creates": creates,
    }


def just_made(request: HttpRequest, kind: Kind) -> Any:
    """The task that the address says the reader has created."""
    text = request.GET.get(MADE, "")
    return one(kind, min(int(text), BIGGEST_ID)) if text.isdecimal() and len(text) < 19 else None


def recent_batches(kind: Kind) -> list[dict[str, Any]]:
    """How far the newest ones of this kind are."""
    newest = Batch.objects.order_by("-id")[:LOOK_THROUGH]
    return [progress(batch) for batch in [batch for batch in newest if batch.kind == kind.name][:RECENT_BATCHES]]


def with_list(
    request: HttpRequest, kind: Kind, template: str, context: dict[str, Any], status: int, *known: str
) -> HttpResponse:
    """Render a template with one page of the list."""
    context |= listed(request, kind, context.get("since"), *known)
    context |= {"hint": hindrance(kind), "bulk": bulk(context["asked"], context.get("stats"))}
    return render(request, templates(kind, template), context, status=400 if context["asked"].errors else status)


def listed(request: HttpRequest, kind: Kind, since: datetime | None = None, *known: str) -> dict[str, Any]:
    """One page of the list."""
    # What was created is on the newest page.
    part = Asked(kind) if request.method == "POST" else asked(kind, request.GET, *CURSORS, *known)
    shown = part.page()
    may_write = "write" in request.principal.scopes  # type: ignore[attr-defined]
    return {
        "kind": kind,
        "tasks_template": templates(kind, "_tasks.html"),
        "made_template": templates(kind, "_made.html"),
        **columns(kind),
        "rows": rows(kind, shown.tasks, may_write, since),
        "next": shown.next,
        "previous": shown.previous,
        "newest_change": newest_change(shown.tasks),
        "asked": part,
        "filters": part.query,
        "others": part.but(status=""),
    }


def newest_change(tasks: list[Any]) -> datetime | None:
    """From where on a page asks for changes: in whole seconds while there are any, so that many pages ask the same."""
    newest = max((task.update_time for task in tasks), default=None)
    return newest.replace(microsecond=0) if newest and timezone.now() - newest < LATELY else newest


def bulk(part: Asked, figures: Any) -> list[dict[str, Any]]:
    """What may be done with all that the list is narrowed to; with how many, where nothing but a state narrows it."""
    wanted, found = part.values.get("status", ""), list[dict[str, Any]]()
    for action, aims in AIMS.items():
        states = [str(state) for state in aims if wanted in ("", state)]
        counted = figures and not part.but(status="")
        count = sum(figures["counts"][state] for state in states) if counted else None
        capped = counted and any(state in figures["capped"] for state in states)
        if states:
            found.append({"action": action, "states": " ".join(states), "count": count, "capped": capped})
    return found
