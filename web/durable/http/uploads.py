"""Batches by the page: a CSV file in, a sample of one, and a way to stop what is left."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from durable import actions, kinds, services
from durable.batches import BadBatch
from durable.filters import Filters
from durable.http.answers import UNPROCESSABLE, by_script, number, see_other
from durable.http.answers import refused as nothing_changed
from durable.http.asked import address
from durable.http.batch_pages import kind_of, progress
from durable.http.by import by
from durable.http.columns import example_csv
from durable.http.forms import unexpected
from durable.http.pages import whole_page
from durable.kinds import Kind
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
        rows = read_csv(kind, file.chunks())
        batch, _ = services.create_batch(
            kind=kind, rows=rows, idempotency_key=key, by=by(request), file_name=file.name or ""
        )
    except BadBatch as error:
        return refused(request, kind, translated(of(error)), by_line(error.lines))
    except services.KeyConflict:
        sentence = gettext("This form was sent before with another file. Reload the page, then send it again.")
        return refused(request, kind, sentence)
    if by_script(request):
        return panel(request, batch, status=201)
    return see_other(reverse("batch", args=[batch.pk]))


def by_line(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The errors of the lines in the reader's language."""
    return [{**line, "error": translated(line["error"])} for line in lines]


def refused(request: HttpRequest, kind: Kind, sentence: str, lines: list[dict[str, Any]] | None = None) -> HttpResponse:
    """Nothing was stored, and why."""
    if by_script(request):
        return JsonResponse({"error": sentence, "lines": lines or []}, status=UNPROCESSABLE)
    return whole_page(request, kind, status=UNPROCESSABLE, upload_error=sentence, upload_lines=lines)


def panel(request: HttpRequest, batch: Batch, status: int = 200) -> HttpResponse:
    """The batch by itself."""
    return render(request, "durable/_batch_line.html", {"shown": progress(batch)}, status=status)


@require_POST
def cancel(request: HttpRequest) -> HttpResponse:
    """Cancel what is left of the batch that the button names."""
    if unknown := unexpected(request, "batch"):
        return nothing_changed(request, kinds.first(), unknown, UNPROCESSABLE)
    batch = get_object_or_404(Batch, pk=number(request.POST.get("batch", "")))
    filters = Filters(batch=batch.pk)
    actions.cancel_matching(kind=kind_of(batch), filters=filters, expected=batch.total, by=by(request))
    if by_script(request):
        return panel(request, batch)
    return see_other(reverse("batch", args=[batch.pk]))


@require_safe
def sample(request: HttpRequest, kind: Kind) -> HttpResponse:
    """A file that would be taken, to begin with."""
    response = HttpResponse(example_csv(kind), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{kind.api}.csv"'
    return response
