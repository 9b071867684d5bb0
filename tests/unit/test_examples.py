"""The document of the API: every operation is described, and every example in it is sent, and is what comes back."""

import re

import jsonschema_rs
import pytest
from django.test import Client
from documented import (
    DOCUMENT,
    EACH,
    JSON,
    OPERATIONS,
    address,
    alike,
    bodies,
    example,
    prepare,
    send,
    told,
    trustworthy,
)

from durable import kinds, stats
from durable.http.api import api
from durable.http.document import complete

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    """As a program: every failure is an answer."""
    monkeypatch.setattr(stats, "memories", {})
    return Client(raise_request_exception=False)


# --- What is said of each -------------------------------------------------------------------------


@EACH
def test_each_operation_is_described(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    assert re.fullmatch(r"[A-Z][A-Za-z ,]{8,60}", operation["summary"])
    assert operation["summary"].count(" ") > 1 or operation["summary"] == "List batches"
    assert operation["description"].endswith(".")
    for parameter in operation["parameters"]:
        assert parameter["description"].endswith(".") or parameter["name"] in kinds_filters(), parameter["name"]
        assert "examples" not in parameter
        assert parameter.get("example", parameter["schema"].get("examples")) not in (None, []), parameter["name"]
    for response in (operation.get("requestBody", {"content": {}}), *operation["responses"].values()):
        for body in response["content"].values():
            assert body["example"]


def kinds_filters() -> set[str]:
    """Parameters that are described by the words for their columns."""
    return {name for kind in kinds.every() for name in kind.filters}


def test_no_two_summaries_are_the_same() -> None:
    summaries = [operation["summary"] for _, _, operation in OPERATIONS.values()]
    assert len(set(summaries)) == len(summaries)
    assert {"Create a task", "Cancel one task", "Cancel many tasks", "Create a loan", "List batches"} <= set(summaries)


def test_each_group_is_described() -> None:
    described = {tag["name"]: tag["description"] for tag in DOCUMENT["tags"]}
    used = {tag for _, _, operation in OPERATIONS.values() for tag in operation["tags"]}
    assert set(described) == used == {"tasks", "reading", "loan", "job", "batches", "stats", "events"}
    assert all(words.endswith(".") for words in described.values())


def test_an_operation_of_a_products_own_is_left_as_it_is() -> None:
    own = {"operationId": "own", "parameters": [{"name": "own"}]}
    document = {"paths": {"/api/own": {"get": dict(own)}}, "components": {}}
    assert complete(document, api.examples)["paths"]["/api/own"]["get"] == own


def test_the_header_has_its_name() -> None:
    for name in ("create_tasks", "upload_loan"):
        (header,) = [each for each in OPERATIONS[name][2]["parameters"] if each["in"] == "header"]
        assert header["name"] == "Idempotency-Key"


@EACH
def test_each_example_is_as_its_schema_says(name: str) -> None:
    operation = OPERATIONS[name][2]
    for response in (operation.get("requestBody", {"content": {}}), *operation["responses"].values()):
        for type, body in response["content"].items():
            if type == JSON:
                schema = {**body["schema"], "components": DOCUMENT["components"]}
                jsonschema_rs.Draft202012Validator(schema).validate(body["example"])


# --- What is answered -----------------------------------------------------------------------------


@EACH
def test_the_example_request_is_answered_as_the_example_says(client: Client, name: str) -> None:
    prepare(name)
    headers = {**trustworthy(name), **({"Idempotency-Key": "order-1"} if name.startswith(("create", "upload")) else {})}
    expected = 201 if 201 in OPERATIONS[name][2]["responses"] else 200
    response = send(client, name, headers=headers)
    assert response.status_code == expected, response.content
    found, shown = told(response), example(name).answers[expected]
    if name.startswith("stats"):
        assert list(found) == list(shown)
        assert (found["counts"], found["queue_depth"]) == (shown["counts"], shown["queue_depth"])
        return
    alike(found, shown)
    if expected == 201:
        assert response["Location"]
        again = send(client, name, headers=headers)
        assert again.status_code == 200
        alike(told(again), example(name).answers[200])


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name.startswith("upload")])
def test_an_upload_may_be_of_either_type(client: Client, name: str) -> None:
    for type, body in bodies(name).items():
        response = send(client, name, body=body, type=type)
        assert response.status_code == 201, response.content
        alike(told(response), example(name).answers[201])
    first, second = example(name).kind.model.objects.values(*example(name).kind.inputs)
    assert first == second


@EACH
def test_the_example_of_each_parameter_is_taken(client: Client, name: str) -> None:
    prepare(name)
    headers = trustworthy(name)
    for parameter in OPERATIONS[name][2]["parameters"]:
        if parameter["in"] == "query" and not parameter["required"]:
            (value,) = parameter["schema"]["examples"]
            value = str(value).lower() if isinstance(value, bool) else value
            response = send(client, name, address(name, f"{parameter['name']}={value}"), headers=headers)
            assert response.status_code == 200, (parameter["name"], response.content)
