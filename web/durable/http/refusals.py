"""What the API refuses, and how it says so: one shape, in English."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError, ValidationErrorContext

from durable.actions import NoSuchTask, NotPossible, TooMany
from durable.batches import BadBatch, listed
from durable.http.origin import has_body
from durable.listing import BadCursor
from durable.services import KeyConflict

Run = Callable[..., HttpResponseBase]
JSON = "application/json"
TOLD = 20  # wrong fields in one answer
UNREADABLE = "The body is not JSON in UTF-8: send an object with the fields that /api/docs names."


class Api(NinjaAPI):
    """Ninja's, which also says what it knows to whoever sends a field that it does not know."""

    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext[Any]]
    ) -> ValidationError:
        """The errors, each with a sentence."""
        found = super().validation_error_from_error_contexts(error_contexts)
        models = {context.model.__ninja_param_source__: context.model for context in error_contexts}
        for item in found.errors:
            source, *place = item["loc"]
            if source == "body" and (len(place) == 1 or item["type"] == "extra_forbidden"):
                given: Any = models[source].model_fields[place[0]].annotation
                what = "Send a JSON object" if len(place) == 1 else "There is no such field"
                item["msg"] = f"{what}; {use(list(given.model_fields))}"
        return found


def exact(run: Run) -> Run:
    """Refuse what an operation would pass over or guess: a parameter that it does not have, or has twice; a body."""
    operation: Any = run.__self__  # type: ignore[attr-defined]
    models = {model.__ninja_param_source__: model for model in operation.models}
    known = list(models["query"].__ninja_flatten_map__) if "query" in models else []
    described = (operation.openapi_extra or {}).get("requestBody")
    types = list(described["content"]) if described else [JSON]
    takes_body = "body" in models or described
    bare = not takes_body and "POST" in operation.methods

    def view(request: HttpRequest, **path: Any) -> HttpResponseBase:
        # Any site's page may make a browser send text/plain; only its own one may have it send JSON.
        if takes_body and has_body(request) and request.content_type not in types:
            return refuse(415, wrong_type(types))
        fields: dict[str, list[str]] = {}
        if request.META.get("QUERY_STRING"):
            fields = strangers(request, known)
        if bare and request.content_type == JSON and request.body.strip() not in (b"", b"{}"):
            fields["body"] = ["This address takes no fields: leave the body out."]
        return unprocessable(fields) if fields else run(request, **path)

    return view


def wrong_type(types: list[str]) -> str:
    """What to send instead."""
    return f"Send the body as {' or '.join(types)}, and say so in Content-Type."


def strangers(request: HttpRequest, known: list[str]) -> dict[str, list[str]]:
    """A sentence for each query parameter that says nothing here."""
    unknown, twice = no_parameter(known), "It is there more than once: send it once."
    found = [(name, unknown) for name in request.GET if name not in known]
    found += [(name, twice) for name in known if len(request.GET.getlist(name)) > 1]
    return {short(name): [words] for name, words in found[:TOLD]}


def no_parameter(known: list[str]) -> str:
    """What there is instead."""
    return f"There is no such parameter; {use(known)}"


def use(names: list[str]) -> str:
    """The rest of a sentence: what there is instead."""
    return f"there is {listed(names)}." if names else "there is none here."


def short(name: str) -> str:
    """A name that somebody sent, fit for a sentence."""
    return name if len(name) <= 40 else f"{name[:40]}…"


def refuse(code: int, sentence: str, **more: Any) -> HttpResponse:
    """The one shape of an error."""
    return JsonResponse({"error": sentence, **more}, status=code)


def unprocessable(fields: dict[str, list[str]]) -> HttpResponse:
    """422, one sentence for the whole and those of each field."""
    return refuse(422, " ".join(f"{name}: {' '.join(words)}" for name, words in fields.items()), fields=fields)


def ended(text: str) -> str:
    """The text with a full stop."""
    return text if text.endswith(".") else f"{text}."


def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """422: fields that are missing, wrong or unknown."""
    fields: dict[str, list[str]] = {}
    for item in error.errors[:TOLD]:
        name = str(item["loc"][-1]) if len(item["loc"]) > 2 or item["loc"][0] != "body" else "body"
        fields.setdefault(short(name), []).append(ended(item["msg"].removeprefix("Value error, ")))
    return unprocessable(fields)


def bad_cursor(request: HttpRequest, error: BadCursor) -> HttpResponse:
    """422: not a cursor of ours."""
    return refuse(422, str(error), fields={"since": [str(error)]})


def bad_batch(request: HttpRequest, error: BadBatch) -> HttpResponse:
    """422: nothing is stored, and these lines are why."""
    return refuse(422, str(error), lines=error.lines, bad=error.bad)


def conflict(request: HttpRequest, error: KeyConflict) -> HttpResponse:
    """409: the key stands for something else."""
    return refuse(409, str(error))


def not_possible(request: HttpRequest, error: NotPossible) -> HttpResponse:
    """409: the task is in another state."""
    return refuse(409, str(error), status=error.status)


def too_many(request: HttpRequest, error: TooMany) -> HttpResponse:
    """409: more than was confirmed."""
    return refuse(409, str(error), count=error.count)


def no_such_task(request: HttpRequest, error: NoSuchTask) -> HttpResponse:
    """404."""
    return refuse(404, str(error))


def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Every other refusal. Ninja's own words for a body depend on what could not be parsed."""
    return refuse(error.status_code, UNREADABLE if error.status_code == 400 else ended(str(error)))


HANDLERS: dict[type[Exception], Any] = {
    ValidationError: invalid,
    BadCursor: bad_cursor,
    BadBatch: bad_batch,
    KeyConflict: conflict,
    NotPossible: not_possible,
    TooMany: too_many,
    NoSuchTask: no_such_task,
    HttpError: http_error,
}
