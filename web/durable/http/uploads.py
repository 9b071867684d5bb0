"""Batches on the page: a CSV file in, progress, and a way to stop it."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from durable import kinds, services
from durable.batches import BadBatch
from durable.http.actions import number
from durable.http.actions import refused as nothing_changed
from durable.http.asked import address
from durable.http.forms import unexpected, unknown_filters
from durable.http.pages import UNPROCESSABLE, by_script, progress, see_other, whole_page
from durable.kinds import Kind
from durable.listing import BIGGEST_ID, Filters
from durable.models import Batch
from durable.uploads import read_csv
from durable.words import of, translated


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest, kind: Kind) -> HttpResponse:
    """POST: a batch from a file. GET: who reloads the answer to that gets the page."""
    if request.method != "POST":
        return see_other(address(kind, "index"))
    key = request.headers.get("Idempotency-Key", request.POST.get("idempotency_key", ""))
    file = request.FILES.get("file")
    if unknown := unexpected(request, "file", "idempotency_key"):
        return refused(request, kind, unknown)
    if len(key) > 128:
        return refused(request, kind, gettext("The idempotency key is too long: send at most 128 characters."))
    if not file:
        return refused(request, kind, gettext("Choose a CSV file first."))
    try:
        rows, request_id = read_csv(kind, file), request.META["HTTP_X_REQUEST_ID"]
        batch, _ = services.create_batch(kind=kind, rows=rows, idempotency_key=key, request_id=request_id)
    except BadBatch as error:
        return refused(request, kind, translated(of(error)), by_line(error.lines))
    except services.KeyConflict:
        sentence = gettext("This form was sent before with another file. Reload the page, then send it again.")
        return refused(request, kind, sentence)
    if by_script(request):
        return panel(request, batch, status=201)
    return see_other(at(batch))


def at(batch: Batch) -> str:
    """The page that shows a batch."""
    return f"{address(kind_of(batch), 'index')}?batch={batch.pk}#batches-heading"


def kind_of(batch: Batch) -> Kind:
    """What its tasks are; 404 where there are no such tasks any more."""
    try:
        return kinds.get(batch.kind)
    except KeyError:
        raise Http404 from None


def by_line(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The errors of the lines in the reader's language."""
    return [{**line, "error": translated(line["error"])} for line in lines]


def refused(request: HttpRequest, kind: Kind, sentence: str, lines: list[dict[str, Any]] | None = None) -> HttpResponse:
    """Nothing was stored, and why."""
    if by_script(request):
        return JsonResponse({"error": sentence, "lines": lines or []}, status=UNPROCESSABLE)
    return whole_page(request, kind, status=UNPROCESSABLE, upload_error=sentence, upload_lines=lines)


@require_safe
def show(request: HttpRequest, batch_id: int) -> HttpResponse:
    """One batch's progress, for the page's script: the same for all readers of a language."""
    if unknown := unknown_filters(request.GET):
        return HttpResponseBadRequest(" ".join(unknown), content_type="text/plain; charset=utf-8")
    response = panel(request, get_object_or_404(Batch, pk=min(batch_id, BIGGEST_ID)))
    response["Cache-Control"] = "public, max-age=1" if "lang" in request.GET else "no-cache"
    return response


def panel(request: HttpRequest, batch: Batch, status: int = 200) -> HttpResponse:
    """The batch by itself."""
    context = {"kind": kind_of(batch), "shown": {"batch": batch, **progress(batch)}}
    return render(request, "durable/_batch.html", context, status=status)


@require_POST
def cancel(request: HttpRequest) -> HttpResponse:
    """Cancel what is left of the batch that the button names."""
    if unknown := unexpected(request, "batch"):
        return nothing_changed(request, kinds.first(), unknown, UNPROCESSABLE)
    batch = get_object_or_404(Batch, pk=number(request.POST.get("batch", "")))
    services.cancel_matching(kind=kind_of(batch), filters=Filters(batch=batch.pk), expected=batch.total)
    if by_script(request):
        return panel(request, batch)
    return see_other(at(batch))
