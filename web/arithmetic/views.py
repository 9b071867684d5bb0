"""The page: a form and a list that works without JavaScript."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from arithmetic.forms import BIGGEST, FilterForm, TaskForm, new_key, operations
from arithmetic.listing import Filters, Page, page
from arithmetic.models import Batch, MathTask, Status
from arithmetic.services import KeyConflict, create_task
from arithmetic.stats import stats
from arithmetic.workers import hindrance

UNPROCESSABLE = 422
SCRIPTS = [f"arithmetic/{name}.js" for name in ("list", "form", "actions", "batches", "stats")]
RECENT_BATCHES = 3  # each costs a count
# A row may be seen this long after the moment that its update_time tells: when its transaction is committed.
COMMITTED_WITHIN = timedelta(seconds=3)


@csrf_exempt  # create() checks it: a wrong method is told so first
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """GET: the page. POST: create a task from the form."""
    if request.method == "POST":
        return create(request)
    return whole_page(request)


@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """The list alone, for the page's script: the same for all readers of a language, so that a cache may share it."""
    response = fragment(request)
    response["Cache-Control"] = "public, max-age=1" if "lang" in request.GET else "no-cache"
    return response


@csrf_protect
def create(request: HttpRequest) -> HttpResponse:
    """Create from the form: redirect to the list, or show the errors beside their fields."""
    form = TaskForm(request.POST)
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
            sent = gettext("This form was sent before with other numbers. Reload the page, then send it again.")
            form.add_error(None, sent)
        else:
            return created(request, task.pk) if by_script(request) else see_other(reverse("index"))
    if by_script(request):
        sentence = " ".join(map(str, form.non_field_errors())) or gettext("Correct the marked fields.")
        return JsonResponse({"error": sentence, "fields": form.errors}, status=UNPROCESSABLE)
    return whole_page(request, form=form, status=UNPROCESSABLE)


def created(request: HttpRequest, identity: int) -> HttpResponse:
    """201 for the page's script: the list, and which task is the new one."""
    response = fragment(request, status=201)
    response["Location"] = f"/api/tasks/{identity}"
    return response


def by_script(request: HttpRequest) -> bool:
    """Whether the page's script asks, and not the browser itself."""
    return request.headers.get("X-Requested-With") == "fetch"


def see_other(address: str) -> HttpResponse:
    """303: the browser GETs the address, whatever its method was."""
    response = redirect(address)
    response.status_code = 303
    return response


@dataclass(frozen=True)
class Asked:
    """What part of the list an address asks for."""

    chosen: dict[str, Any] = field(default_factory=dict)  # status, task_type, batch, id: what is set of them
    cursors: dict[str, int] = field(default_factory=dict)  # before, after
    errors: list[str] = field(default_factory=list)

    @property
    def query(self) -> str:
        """The filters as part of an address."""
        return urlencode(self.chosen)

    @property
    def filters(self) -> Filters:
        """The filters that a page or a change of many takes."""
        return Filters(**{name: value for name, value in self.chosen.items() if name != "id"})

    def page(self) -> Page:
        """That part of the list."""
        if self.errors:
            return Page([], None, None, "")
        if "id" in self.chosen:
            return Page(list(MathTask.objects.filter(pk=self.chosen["id"])), None, None, "")
        return page(filters=self.filters, **self.cursors)


def asked(query: QueryDict) -> Asked:
    """Read the address; ValueError for a cursor that is no number."""
    cursors = {name: min(int(str(query[name])), BIGGEST) for name in ("before", "after") if name in query}
    form = FilterForm(query)
    form.fields["status"].choices = [(status, status) for status in Status.values]  # type: ignore[attr-defined]
    form.full_clean()
    chosen = {name: value for name, value in form.cleaned_data.items() if value}
    return Asked(chosen, cursors, [str(sentence) for sentences in form.errors.values() for sentence in sentences])


def whole_page(request: HttpRequest, status: int = 200, form: TaskForm | None = None, **more: Any) -> HttpResponse:
    """The page around the list."""
    figures = stats()
    recent = list(Batch.objects.order_by("-id")[:RECENT_BATCHES])
    if (chosen := request.GET.get("batch", "")).isdecimal() and len(chosen) < 19:
        recent = [*Batch.objects.filter(pk=int(chosen)), *(batch for batch in recent if batch.pk != int(chosen))]
    batches = [{"batch": batch, **progress(batch)} for batch in recent]
    context = {
        "form": form or TaskForm(),
        "statuses": Status.values,
        "operations": operations(),
        "batches": batches,
        "upload_open": "batch" in request.GET or any(shown["running"] for shown in batches),
        "upload_key": new_key(),
        "stats": figures,
        "status_counts": [
            (status, f"{figures['counts'][status]:,}{'+' if status in figures['capped'] else ''}")
            for status in Status.values
        ],
        "scripts": SCRIPTS,
    }
    return with_list(request, "arithmetic/index.html", {**context, **more}, status)


def progress(batch: Batch) -> dict[str, Any]:
    """How far a batch is."""
    counts = batch.counts()
    ended = sum(counts.get(status, 0) for status in (Status.SUCCESS, Status.FAILED, Status.CANCELLED))
    return {"counts": counts, "ended": ended, "running": ended < batch.total}


def fragment(request: HttpRequest, status: int = 200) -> HttpResponse:
    """The list by itself; with ?since= only what changed is there in full."""
    return with_list(request, "arithmetic/_tasks.html", {"since": since(request)}, status)


def since(request: HttpRequest) -> datetime | None:
    """The moment in ?since=; what is none is as if nothing was asked."""
    try:
        moment = parse_datetime(request.GET.get("since", ""))
        return moment - COMMITTED_WITHIN if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def with_list(request: HttpRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    """Render a template with one page of the list."""
    try:
        part = asked(request.GET) if request.method != "POST" else Asked()  # what was created is on the newest page
    except ValueError:
        return HttpResponseBadRequest("before and after take the id of a task.", content_type="text/plain")
    shown = part.page()
    context |= {
        "tasks": shown.tasks,
        "next": shown.next,
        "previous": shown.previous,
        "newest_change": max((task.update_time for task in shown.tasks), default=None),
        "chosen": {**dict.fromkeys(("status", "task_type", "batch", "id"), ""), **part.chosen},
        "filters": part.query,
        "filtered": bool(part.chosen or part.errors),
        "filter_errors": part.errors,
        "paged": bool(part.cursors),
        "hint": hindrance(),
    }
    return render(request, template, context, status=400 if part.errors else status)
