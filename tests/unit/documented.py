"""The document of the API, and what its examples need and send."""

from typing import Any

import pytest
from django.test import Client

from durable.by import NOBODY
from durable.credentials import make_token
from durable.http import samples
from durable.http.access import scope_of
from durable.http.api import api
from durable.http.examples import Example
from durable.kinds import Kind
from durable.models import Batch, Event
from durable.pauses import pause
from durable.runs import Run

DOCUMENT: Any = api.get_openapi_schema()
OPERATIONS = {
    operation["operationId"]: (path, method.upper(), operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
EACH = pytest.mark.parametrize("name", OPERATIONS)
JSON = "application/json"
# What is another one each time, or of another machine.
VOLATILE = {"id", "create_time", "start_time", "update_time", "time", "since", "request_id", "worker"}


def example(name: str) -> Example:
    """Of an operation."""
    return api.examples[name]


def address(name: str, *query: str) -> str:
    """Where the example request goes."""
    path, _, operation = OPERATIONS[name]
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
        elif parameter["required"]:
            query = (*query, f"{parameter['name']}={parameter['example']}")
    return f"{path}?{'&'.join(query)}" if query else path


def bodies(name: str) -> dict[str, Any]:
    """The example bodies, by their types."""
    content = OPERATIONS[name][2].get("requestBody", {"content": {}})["content"]
    return {type: body["example"] for type, body in content.items()}


def send(client: Client, name: str, where: str = "", body: Any = None, type: str = JSON, **more: Any) -> Any:
    """The example request, or one that differs in this."""
    given = bodies(name)
    if body is None and given:
        type, body = next(iter(given.items()))
    method = OPERATIONS[name][1]
    if method == "GET":
        return client.get(where or address(name), **more)
    return client.post(where or address(name), "" if body is None else body, type, **more)


def told(response: Any) -> Any:
    """The answer: JSON, or text."""
    if response["Content-Type"].startswith(JSON):
        return response.json()
    return b"".join(response.streaming_content).decode()


def alike(found: Any, shown: Any, at: str = "") -> None:
    """The same, but for what is another one each time, which is of the same type."""
    if at.rpartition(".")[2] in VOLATILE:
        assert type(found) is type(shown), at
    elif isinstance(shown, dict):
        assert list(found) == list(shown), at
        for name in shown:
            alike(found[name], shown[name], f"{at}.{name}")
    elif isinstance(shown, list):
        assert len(found) == len(shown), at
        for one, other in zip(found, shown, strict=True):
            alike(one, other, at)
    else:
        assert found == shown, at


def store(kind: Kind, identity: int = samples.TASK, **fields: Any) -> int:
    """The task of the examples."""
    row = kind.model.objects.create(**{"pk": identity, **samples.kept(kind), **fields})
    return int(row.pk)


def prepare(name: str) -> None:
    """What there is before the example request."""
    kind, action = example(name).kind, name.removesuffix(f"_{example(name).kind.api}")
    if action in ("create", "upload", "pause"):
        return
    if action == "resume":
        pause(kind=kind, by=NOBODY)
    elif name == "list_events":
        shown = samples.ENDED, "ann", "192.0.2.7", "cancel", kind.name, str(samples.TASK)
        Event.objects.create(**dict(zip(("time", "by", "address", "what", "kind", "subject"), shown, strict=True)))
    elif "batch" in name:
        Batch.objects.create(pk=samples.BATCH, kind=kind.name, total=1, fingerprint="")
        store(kind, batch_id=samples.BATCH)
    else:
        store(kind, status="failed" if action in ("retry", "retry_many") else "created")
    if samples.finished(kind) and action in ("get", "list", "results_of", "get_batch", "get_batch_results"):
        Run(kind, 0, [samples.TASK]).go()


def trustworthy(name: str) -> dict[str, str]:
    """Who may see and do all of it."""
    if scope_of(*OPERATIONS[name][1::-1]) != "operate":
        return {}
    secret = make_token(name="ops", scopes=["operate"], days=None, by=NOBODY)
    Event.objects.filter(what="token made").delete()
    return {"Authorization": f"Bearer {secret}"}
