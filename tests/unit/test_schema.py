"""The OpenAPI document is true: what it promises, the answers keep, whatever is asked."""

import itertools
import json
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from rows import store
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from arithmetic.models import Batch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
STATES = itertools.cycle(("created", "pending", "failed", "success"))
application = get_wsgi_application()
schema = schemathesis.openapi.from_wsgi("/api/openapi.json", application)


@pytest.fixture
def some_rows() -> None:
    """Something to be found by small ids."""
    Batch.objects.create(pk=1, total=3, fingerprint="")
    store(3, batch_id=1)
    for status in ("pending", "success", "failed", "cancelled"):
        store(1, status=status)


@schema.parametrize()
@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@pytest.mark.usefixtures("some_rows")
def test_every_answer_is_as_the_document_says(case: Any) -> None:
    case.call_and_validate(checks=CHECKS)


@schema.parametrize()
@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
def test_every_answer_about_what_exists_is_as_the_document_says(case: Any) -> None:
    batch = Batch.objects.create(total=1, fingerprint="")
    known = {"task_id": store(1, status=next(STATES), batch_id=batch.pk)[0], "batch_id": batch.pk}
    for name in case.path_parameters or {}:
        case.path_parameters[name] = known[name]
    case.call_and_validate(checks=CHECKS)


def test_the_document_lists_every_route_and_operation(client: Client) -> None:
    document = client.get("/api/openapi.json").json()
    assert sorted(document["paths"]) == [
        "/api/batches",
        "/api/batches/{batch_id}",
        "/api/batches/{batch_id}/cancel",
        "/api/batches/{batch_id}/results.csv",
        "/api/stats",
        "/api/tasks",
        "/api/tasks/cancel",
        "/api/tasks/matching",
        "/api/tasks/retry",
        "/api/tasks/{task_id}",
        "/api/tasks/{task_id}/cancel",
        "/api/tasks/{task_id}/retry",
    ]
    assert '"enum": ["add", "minus", "multiply", "divide"]' in json.dumps(document)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert "422" in operation["responses"], (path, method)
            assert "503" in operation["responses"], (path, method)


def test_the_docs_come_from_here_and_need_no_inline_script(client: Client) -> None:
    response = client.get("/api/docs")
    page = response.content.decode()
    assert response.status_code == 200
    assert "//cdn" not in page
    assert "https://" not in page
    assert page.count("<script src=") == 2
    assert page.count("<script") == 3  # the third is data
    assert '<script type="application/json"' in page
    assert "default-src 'self'" in response["Content-Security-Policy"]
