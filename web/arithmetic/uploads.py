"""Batches on the page: a CSV file in, progress, and a way to stop it."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from arithmetic import services
from arithmetic.actions import number
from arithmetic.batches import BadBatch, read_csv
from arithmetic.forms import BIGGEST
from arithmetic.listing import Filters
from arithmetic.models import Batch
from arithmetic.views import UNPROCESSABLE, by_script, progress, see_other, whole_page
from arithmetic.words import translated


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """POST: a batch from a file. GET: who reloads the answer to that gets the page."""
    if request.method != "POST":
        return see_other(reverse("index"))
    file = request.FILES.get("file")
    if not file:
        return refused(request, gettext("Choose a CSV file first."), [])
    try:
        batch, _ = services.create_batch(
            rows=read_csv(file),
            idempotency_key=request.headers.get("Idempotency-Key", request.POST.get("idempotency_key", ""))[:128],
            request_id=request.META["HTTP_X_REQUEST_ID"],
        )
    except BadBatch as error:
        return refused(request, translated(str(error)), by_line(error.lines))
    except services.KeyConflict:
        sentence = gettext("This form was sent before with another file. Reload the page, then send it again.")
        return refused(request, sentence, [])
    if by_script(request):
        return panel(request, batch, status=201)
    return see_other(f"{reverse('index')}?batch={batch.pk}#batches-heading")


def by_line(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The errors of the lines in the reader's language."""
    return [{**line, "error": translated(line["error"])} for line in lines]


def refused(request: HttpRequest, sentence: str, lines: list[dict[str, Any]]) -> HttpResponse:
    """Nothing was stored, and why."""
    if by_script(request):
        return JsonResponse({"error": sentence, "lines": lines}, status=UNPROCESSABLE)
    return whole_page(request, status=UNPROCESSABLE, upload_error=sentence, upload_lines=lines)


@require_safe
def show(request: HttpRequest, batch_id: int) -> HttpResponse:
    """One batch's progress, for the page's script: the same for all readers of a language."""
    response = panel(request, get_object_or_404(Batch, pk=min(batch_id, BIGGEST)))
    response["Cache-Control"] = "public, max-age=1" if "lang" in request.GET else "no-cache"
    return response


def panel(request: HttpRequest, batch: Batch, status: int = 200) -> HttpResponse:
    """The batch by itself."""
    return render(request, "arithmetic/_batch.html", {"shown": {"batch": batch, **progress(batch)}}, status=status)


@require_POST
def cancel(request: HttpRequest) -> HttpResponse:
    """Cancel what is left of the batch that the button names."""
    batch = get_object_or_404(Batch, pk=number(request.POST.get("batch", "")))
    services.cancel_matching(filters=Filters(batch=batch.pk), expected=batch.total)
    if by_script(request):
        return panel(request, batch)
    return see_other(f"{reverse('index')}?batch={batch.pk}#batches-heading")
