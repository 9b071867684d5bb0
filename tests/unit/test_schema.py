"""The OpenAPI document is true: what it promises, the answers keep, whatever is asked."""

import itertools
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.contrib.staticfiles import finders
from django.core.wsgi import get_wsgi_application
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from rows import held, store
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from durable.models import Batch
from support.readings.models import Loan, Reading

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
STATES = itertools.cycle(("created", "failed", "success", "pending"))
application = get_wsgi_application()
schema = schemathesis.openapi.from_wsgi("/api/openapi.json", application)


def one_of(name: str, batch: int) -> int:
    """A task of the kind that is at /api/NAME, in one state after another."""
    status = next(STATES)
    stored = "created" if status == "pending" else status
    if name == "reading":
        return Reading.objects.create(text="a b", language="en", status=stored).pk
    if name == "loan":
        return Loan.objects.create(amount=5, months=2, start=date(2026, 1, 31), status=stored, steps=[1]).pk
    return (held("w/1", batch_id=batch) if status == "pending" else store(1, status=status, batch_id=batch))[0]


@pytest.fixture
def some_rows() -> None:
    """Something to be found by small ids."""
    Batch.objects.create(pk=1, kind="mathtask", total=3, fingerprint="")
    store(3, batch_id=1)
    held("w/1")
    for status in ("success", "failed", "cancelled"):
        store(1, status=status)


@schema.parametrize()
@hypothesis_settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@pytest.mark.usefixtures("some_rows")
def test_every_answer_is_as_the_document_says(case: Any) -> None:
    case.call_and_validate(checks=CHECKS)


@schema.parametrize()
@hypothesis_settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
def test_every_answer_about_what_exists_is_as_the_document_says(case: Any) -> None:
    batch = Batch.objects.create(kind="mathtask", total=1, fingerprint="")
    known = {"task_id": one_of(case.path.split("/")[2], batch.pk), "batch_id": batch.pk}
    for name in case.path_parameters or {}:
        case.path_parameters[name] = known[name]
    case.call_and_validate(checks=CHECKS)


OF_A_KIND = [
    "",
    "/cancel",
    "/matching",
    "/pause",
    "/results.csv",
    "/resume",
    "/retry",
    "/{task_id}",
    "/{task_id}/cancel",
    "/{task_id}/retry",
]
OF_BATCHES = ["", "/{batch_id}", "/{batch_id}/cancel", "/{batch_id}/results.csv"]


def test_the_document_lists_every_route_of_every_kind(client: Client) -> None:
    document = client.get("/api/openapi.json").json()
    assert sorted(document["paths"]) == sorted(
        [
            *(f"/api/tasks{path}" for path in OF_A_KIND),
            "/api/events",
            "/api/stats",
            *(f"/api/batches{path}" for path in OF_BATCHES),
            *(f"/api/{kind}{path}" for kind in ("reading", "loan") for path in (*OF_A_KIND, "/stats", "/batches")),
            *(f"/api/job{path}" for path in (*OF_A_KIND, "/stats")),  # nobody creates these over HTTP
        ]
    )
    assert document["info"]["title"] == "Abacus"
    methods = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in methods}) == len(methods)
    assert '"enum": ["add", "minus", "multiply", "divide"]' in json.dumps(document)
    for operation in methods:
        assert {"422", "503"} <= set(operation["responses"]), operation["operationId"]


def test_the_components_of_the_first_kind_keep_their_names(client: Client) -> None:
    components = client.get("/api/openapi.json").json()["components"]["schemas"]
    assert {"NewTask", "Task", "TaskList", "Chosen", "Batch", "BatchProgress", "BatchList", "Stats"} <= set(components)
    assert {"NewReading", "Reading", "ListedReading", "ReadingList", "ChosenReading"} <= set(components)
    assert "ListedTask" not in components  # its list has all columns
    assert components["NewTask"]["required"] == ["x", "task_type", "y"]
    number = {"type": "string", "maxLength": 200, "examples": ["0.1"], "description": "First number"}
    assert number.items() <= components["NewTask"]["properties"]["x"].items()


def test_a_column_is_described_as_its_field_declares_it(client: Client) -> None:
    """MathTask has texts alone; a Loan has a column of each other type."""
    components = client.get("/api/openapi.json").json()["components"]["schemas"]
    new, told = components["NewLoan"], components["Loan"]["properties"]
    assert new["required"] == ["amount", "months", "start"]
    assert new["additionalProperties"] is False
    columns = {
        name: {key: value for key, value in each.items() if key != "title"} for name, each in new["properties"].items()
    }
    assert columns["months"] == {"type": "integer", "minimum": 1, "maximum": 480, "description": "months"}
    assert columns["start"] == {"type": "string", "format": "date", "description": "first day"}
    assert columns["plan"] == {"type": "string", "enum": ["flat", "late"], "default": "flat", "description": "plan"}
    assert columns["insured"] == {"type": "boolean", "default": False, "description": "insured"}
    assert columns["note"] == {"type": "string", "maxLength": 40, "default": "", "description": "note"}
    assert columns["amount"].items() >= {"type": "string", "format": "decimal"}.items()
    assert columns["limit"]["anyOf"][1] == {"type": "null"}
    assert told["end"]["anyOf"] == [{"type": "string", "format": "date"}, {"type": "null"}]
    assert "type" not in told["steps"]
    assert components["NewReading"]["properties"]["text"]["description"] == "What is to be read."
    assert "text" in components["Reading"]["properties"]
    assert "text" not in components["ListedReading"]["properties"]


def test_a_batch_in_the_document_is_a_list_of_new_tasks(client: Client) -> None:
    document = client.get("/api/openapi.json").json()
    body = document["paths"]["/api/loan/batches"]["post"]["requestBody"]["content"]
    tasks = body["application/json"]["schema"]["properties"]["tasks"]["items"]
    assert tasks["properties"] == document["components"]["schemas"]["NewLoan"]["properties"]
    assert body["text/csv"]["example"] == (
        "amount,months,start,plan,insured,note,limit\n12.50,1,2026-01-31,flat,False,,12.50\n"
    )
    body = document["paths"]["/api/batches"]["post"]["requestBody"]["content"]
    assert body["text/csv"]["example"] == "x,task_type,y\n0.1,add,0.2\n"


def test_the_docs_come_from_here_and_need_no_inline_script(client: Client) -> None:
    response = client.get("/api/docs")
    page = response.content.decode()
    assert response.status_code == 200
    assert "//cdn" not in page
    assert "https://" not in page
    assert len(re.findall(r"<script (defer )?src=", page)) == 3
    assert page.count("<script") == 4  # the fourth is data
    assert '<script type="application/json"' in page
    assert not re.search(r"\s(style|on[a-z]+)=|<style", page)
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert response["Content-Security-Policy"].endswith("; img-src 'self' data:")


def test_the_docs_are_a_part_of_the_site(client: Client) -> None:
    page = client.get("/api/docs").content.decode()
    assert "<title>API · Abacus</title>" in page
    assert re.search(r'<a class="home" href="/"><img src="[^"]*arithmetic/icon[^"]*"[^>]*> Abacus</a>', page)
    assert '<a href="/reading/">Readings</a>' in page
    assert 'name="color-scheme" content="light dark"' in page
    script = Path(finders.find("durable/docs.js") or "").read_text()
    sheet = Path(finders.find("ninja/swagger-ui.css") or "").read_text()
    assert 'toggle("dark-mode"' in script
    assert "html.dark-mode .swagger-ui" in sheet  # what the script counts on
