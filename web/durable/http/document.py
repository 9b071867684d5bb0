"""The API's document, completed: what every operation has in common, and the examples."""

from typing import Any

from django.utils.translation import override

from durable import kinds
from durable.http.access import LACKING, NAMELESS, scope_of
from durable.http.examples import Example
from durable.http.middleware import DATABASE_AWAY, SENTENCES
from durable.http.refusals import JSON, UNREADABLE, no_parameter, wrong_type
from durable.kinds import Kind

Operation = dict[str, Any]
NONSENSE = "stauts"  # a parameter as it is misspelt
TOKEN = "token:ci"  # noqa: S105 (a name)
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token of ./run.sh token make NAME, or of the admin. Who may do what without one, ACCESS says.",
}


def complete(document: Any, known: dict[str, Example]) -> Any:
    """The same document, with examples and all."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if example := known.get(operation["operationId"]):  # else it is one of a product's own
                finish(operation, method.upper(), path, example)
    document["components"]["securitySchemes"] = {"token": BEARER}
    document["security"] = [{}, {"token": []}]
    return document


def finish(operation: Operation, method: str, path: str, example: Example) -> None:
    """One operation."""
    for parameter in operation["parameters"]:
        value = example.parameter(parameter["name"])
        parameter.pop("examples", None)  # a list belongs into the schema
        if parameter["required"]:
            parameter["example"] = value
        else:  # there, a page to try it out does not send it unless one types it
            parameter["schema"]["examples"] = [value]
    content = operation.get("requestBody", {}).get("content", {})
    for type, body in content.items():
        body["example"] = example.body[type]
    common = refusals(operation, scope_of(method, path))
    for status, response in operation["responses"].items():
        for body in response["content"].values():
            body["example"] = example.answers.get(status) or common[status]


def refusals(operation: Operation, scope: str) -> dict[int, Any]:
    """What any operation of its sort may answer."""
    types = list(operation.get("requestBody", {}).get("content", {}))
    query = [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"]
    words = no_parameter(query)
    sentences = {
        400: UNREADABLE if types == [JSON] else SENTENCES[400],
        401: NAMELESS.format(scope=scope),
        403: LACKING.format(name=TOKEN, scope=scope),
        415: wrong_type(types),
        422: f"{NONSENSE}: {words}",
        503: DATABASE_AWAY,
    }
    found: dict[int, Any] = {status: {"error": sentence} for status, sentence in sentences.items()}
    found[422]["fields"] = {NONSENSE: [words]}
    return found


def tags() -> list[dict[str, str]]:
    """What the groups of operations are about."""
    found = [{"name": kind.api, "description": about(kind)} for kind in kinds.every()]
    return [
        *found,
        {"name": "batches", "description": "Tasks that came in one upload: how far they are, and their results."},
        {"name": "stats", "description": "How many tasks are in each state, and how fast they go."},
        {
            "name": "events",
            "description": "Who cancelled, retried, uploaded, paused or logged in; for operators alone.",
        },
    ]


def about(kind: Kind) -> str:
    """What a kind's tasks are made of, and what comes of them."""
    given, made = ", ".join(kind.inputs), ", ".join(kind.outputs) or "nothing"
    with override("en"):
        label = str(kind.labels)
    who = "" if kind.creatable else " Only the site's own code creates them."
    return f"{label[:1].upper()}{label[1:]}: from {given} to {made}.{who}"
