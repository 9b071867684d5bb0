"""The document of the API: what is refused is refused in the very words of its examples."""

from typing import Any

import pytest
from django.test import Client
from documented import EACH, JSON, OPERATIONS, address, bodies, example, prepare, send, store, trustworthy
from pytest_django import Settings
from rows import database_away

from durable.by import NOBODY
from durable.credentials import make_token
from durable.http import samples
from durable.http.access import scope_of
from durable.http.sizes import MAX_BODY
from durable.models import Batch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
# Of another task than the example's.
OTHER: dict[str, dict[str, Any]] = {"tasks": {"y": "9"}, "reading": {"text": "other"}, "loan": {"months": 9}}


@pytest.fixture
def client() -> Client:
    """As a program: every failure is an answer."""
    return Client(raise_request_exception=False)


def refused(client: Client, name: str, status: int, response: Any) -> None:
    """With this, in the very words of the example."""
    assert response.status_code == status, response.content
    shown = OPERATIONS[name][2]["responses"][status]["content"][JSON]["example"]
    assert response.json() == shown


def conflict(client: Client, name: str) -> Any:
    """The request that is in the way of what there is."""
    kind, key = example(name).kind, {"Idempotency-Key": "order-1"}
    if name.startswith(("create", "upload")):
        send(client, name, headers=key)
        Batch.objects.update(fingerprint="other")
        kind.model.objects.update(**OTHER[kind.api])
        return send(client, name, headers=key)
    prepare(name)
    kind.model.objects.update(status="success" if "_many_" not in name else "failed")
    if "_many_" in name:
        store(kind, samples.TASK + 1)
        kind.model.objects.update(status="created" if name.startswith("cancel") else "failed")
    return send(client, name)


def nameless(name: str, settings: Settings, *, scopes: list[str] | None = None) -> Any:
    """The request of somebody who may not."""
    scope = scope_of(*OPERATIONS[name][1::-1])
    settings.ACCESS = "login" if scope == "read" else "read"
    headers = {}
    if scopes is not None:
        lacking = {"read": ["write"], "write": ["read"], "operate": ["read", "write"]}[scope]
        headers = {"Authorization": f"Bearer {make_token(name='ci', scopes=lacking, days=None, by=NOBODY)}"}
    return send(Client(), name, headers=headers)


@EACH
def test_each_refusal_is_told_as_the_example_says(client: Client, settings: Settings, name: str) -> None:
    headers, statuses = trustworthy(name), set(OPERATIONS[name][2]["responses"]) - {200, 201}
    json_alone = list(bodies(name)) == [JSON]
    crowd = address(name, *(f"p{n}=1" for n in range(101)))
    wrong = send(client, name, body="{", headers=headers) if json_alone else send(client, name, crowd, headers=headers)
    refused(client, name, 400, wrong)
    if name.startswith("upload"):
        refused(client, name, 422, send(client, name, body={"tasks": [{"nonsense": 1}]}))
        refused(client, name, 413, send(client, name, body="x" * (MAX_BODY + 1)))
    else:
        refused(client, name, 422, send(client, name, address(name, "stauts=failed"), headers=headers))
    if 404 in statuses:
        refused(client, name, 404, send(client, name, headers=headers))
    if 415 in statuses:
        refused(client, name, 415, send(client, name, body="x", type="text/plain"))
    if 409 in statuses:
        refused(client, name, 409, conflict(client, name))
    with database_away():
        client.get("/api/batches")  # who asks next is refused before anything is asked
        refused(client, name, 503, send(client, name))
    refused(client, name, 401, nameless(name, settings))
    refused(client, name, 403, nameless(name, settings, scopes=[]))
    assert statuses <= {400, 401, 403, 404, 409, 413, 415, 422, 503}
