"""Answers that several pages give: back to a page, or why nothing was done."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from durable.kinds import Kind

CONFLICT, UNPROCESSABLE = 409, 422


def by_script(request: HttpRequest) -> bool:
    """Whether the page's script asks, and not the browser itself."""
    return request.headers.get("X-Requested-With") == "fetch"


def see_other(where: str) -> HttpResponse:
    """303: the browser GETs the address, whatever its method was."""
    response = redirect(where)
    response.status_code = 303
    return response


def refused_address(request: HttpRequest, sentences: list[str]) -> HttpResponse:
    """400, and what is wrong with the address."""
    if by_script(request):
        return JsonResponse({"error": " ".join(sentences)}, status=400)
    context = {"title": gettext("This address is wrong"), "sentence": " ".join(sentences), "away": False}
    return render(request, "refusal.html", context, status=400)


def refused(request: HttpRequest, kind: Kind, sentence: str, status: int) -> HttpResponse:
    """Why it was not done, in the shape that was asked for."""
    if by_script(request):
        return JsonResponse({"error": sentence}, status=status)
    context = {"title": gettext("Nothing was changed"), "sentence": sentence, "away": False, "kind": kind}
    return render(request, "refusal.html", context, status=status)


def number(text: str) -> int:
    """An id or a count that a form of ours gave; 0, which is none, for anything else."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0
