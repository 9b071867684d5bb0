"""Every kind has the API that the first one has: a Reading has a long text and two outputs, a Loan all other types."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from kinds import JSON, LOAN, run
from kinds import program as program  # a fixture
from pytest_django import DjangoAssertNumQueries
from rows import store
from sentences import sentence

from arithmetic.models import MathTask
from support.readings.models import Loan, Reading

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
TEXT = "What is to be read, over\nmany lines."


def create(client: Client, kind: str, body: dict[str, Any], **headers: str) -> Any:
    """POST of one task, its answer as JSON."""
    response = client.post(f"/api/{kind}", json.dumps(body), JSON, headers=headers)
    assert response.status_code in (200, 201), response.content
    return response.json()


def found(client: Client, path: str) -> list[int]:
    """The ids in a list."""
    return [item["id"] for item in client.get(f"/api/{path}").json()["items"]]


def test_a_task_is_created_worked_on_and_told(client: Client) -> None:
    response = client.post("/api/reading", {"text": TEXT, "language": "de"}, JSON, headers={"X-Request-ID": "r-1"})
    assert response.status_code == 201
    task = response.json()
    assert response["Location"] == f"/api/reading/{task['id']}"
    assert {
        "text": TEXT,
        "language": "de",
        "words": None,
        "reading_seconds": None,
        "status": "created",
    }.items() <= task.items()
    assert client.get(response["Location"]).json() == task
    run(Reading, task["id"])
    done = client.get(response["Location"]).json()
    assert (done["words"], done["reading_seconds"], done["status"], done["attempts"]) == (8, 8 / 3, "success", 1)


def test_the_list_leaves_the_long_text_out(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ids = [create(client, "reading", {"text": TEXT * 100, "language": "en"})["id"] for _ in range(3)]
    with CaptureQueriesContext(connection) as asked:
        items = client.get("/api/reading").json()["items"]
    assert [item["id"] for item in items] == ids[::-1]
    assert all("text" not in item for item in items)
    assert {"language", "words", "reading_seconds", "status", "batch"} <= set(items[0])
    assert len(asked) == 2
    assert not any('"text"' in query["sql"] for query in asked)


def test_kinds_do_not_see_each_other(client: Client) -> None:
    store(2)
    reading = create(client, "reading", {"text": "a", "language": "en"})["id"]
    loan = create(client, "loan", LOAN)["id"]
    seen = {kind: found(client, kind) for kind in ("reading", "loan")}
    assert seen == {"reading": [reading], "loan": [loan]}
    assert len(client.get("/api/tasks").json()["items"]) == 2
    assert [client.get(path).json()["counts"]["created"] for path in ("/api/stats", "/api/loan/stats")] == [2, 1]
    client.post("/api/reading/cancel", {"expected": 100}, JSON)
    assert set(MathTask.objects.values_list("status", flat=True)) == {"created"}


def test_the_same_key_may_be_used_once_per_kind(client: Client) -> None:
    key = {"Idempotency-Key": "k"}
    first, again = (create(client, "reading", {"text": "a b", "language": "en"}, **key) for _ in range(2))
    assert first == again
    assert create(client, "loan", LOAN, **key) == create(
        client, "loan", {**LOAN, "amount": "1200.5", "note": ""}, **key
    )
    other = client.post("/api/reading", {"text": "a c", "language": "en"}, JSON, headers=key)
    assert other.status_code == 409


def test_a_list_is_narrowed_by_the_kinds_own_filters(client: Client) -> None:
    english = create(client, "reading", {"text": "a", "language": "en"})["id"]
    german = create(client, "reading", {"text": "a", "language": "de"})["id"]
    assert found(client, "reading?language=de") == [german]
    assert found(client, "reading?language=en&status=created") == [english]
    assert found(client, "reading?language=zh") == []
    assert "en" in sentence(client.get("/api/reading?language=xx"))
    assert client.get("/api/reading/matching?action=cancel&language=de").json() == {"count": 1, "capped": False}
    body = {"expected": 1, "language": "de"}
    assert client.post("/api/reading/cancel", body, JSON).json() == {"changed": 1, "more": False}
    assert client.post("/api/reading/retry", {**body, "language": None}, JSON).json() == {"changed": 1, "more": False}
    assert client.post(f"/api/reading/{german}/cancel").json()["status"] == "cancelled"
    assert client.post(f"/api/reading/{german}/retry").json()["status"] == "created"
    assert client.post(f"/api/reading/{german}/retry").status_code == 409
    assert client.get("/api/reading/999999").status_code == 404


def test_filters_of_other_types_are_read_as_their_columns_are(client: Client) -> None:
    short = create(client, "loan", {**LOAN, "months": 6, "insured": True})["id"]
    long = create(client, "loan", {**LOAN, "months": 60})["id"]
    assert (
        found(client, "loan?months=6")
        == found(client, "loan?insured=true")
        == found(client, "loan?insured=true&months=6")
        == [short]
    )
    assert found(client, "loan?insured=false") == [long]
    assert found(client, "loan?insured=true&months=60") == []
    assert client.get("/api/loan?months=six").status_code == 422
    assert client.post("/api/loan/cancel", {"expected": 9, "insured": True}, JSON).json()["changed"] == 1
    assert client.get("/api/loan?since=0-0&months=60").json()["items"][0]["id"] == long


def test_each_type_of_column_comes_back_as_it_was_stored(client: Client) -> None:
    body = {**LOAN, "amount": "1200.5", "plan": "late", "insured": True, "note": " now ", "limit": 2000}
    task = create(client, "loan", body)
    told = {**LOAN, "amount": "1200.50", "plan": "late", "insured": True, "note": "now", "limit": "2000.00"}
    assert told.items() <= task.items()
    assert client.get(f"/api/loan/{task['id']}").json() == task
    run(Loan, task["id"])
    done = client.get(f"/api/loan/{task['id']}").json()
    assert (done["payment"], done["end"], done["risk"]) == ("1200.50", "2027-01-26", "low")
    assert (done["steps"], done["checked"], done["status"]) == ({"months": 12}, None, "success")
    stored = Loan.objects.get()
    assert (stored.payment, stored.end, stored.start) == (Decimal("1200.50"), date(2027, 1, 26), date(2026, 1, 31))


def test_what_is_left_out_is_the_default(client: Client) -> None:
    task = create(client, "loan", {**LOAN, "amount": 50})
    given = ("plan", "insured", "note", "limit", "amount")
    assert [task[name] for name in given] == ["flat", False, "", None, "50.00"]
    run(Loan, task["id"])
    assert client.get(f"/api/loan/{task['id']}").json()["risk"] is None


def test_a_failure_with_values_is_told_in_english(client: Client) -> None:
    task = create(client, "loan", {**LOAN, "limit": "5"})["id"]
    run(Loan, task)
    told = client.get(f"/api/loan/{task}", headers={"Accept-Language": "zh-hans"}).json()
    assert (told["status"], told["error"]) == ("failed", "The amount is above the limit of 5.00.")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "1.234"}, "amount"),
        ({"amount": 1.5}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": True}, "amount"),
        ({"months": 0}, "months"),
        ({"months": 2**40}, "months"),
        ({"months": 1.5}, "months"),
        ({"months": [1]}, "months"),
        ({"months": {"n": 1}}, "months"),
        ({"months": None}, "months"),
        ({"start": "31.1.2026"}, "start"),
        ({"start": 7}, "start"),
        ({"plan": "other"}, "plan"),
        ({"plan": None}, "plan"),
        ({"insured": "maybe"}, "insured"),
        ({"insured": 1}, "insured"),
        ({"note": "LOUD"}, "note"),
        ({"note": 5}, "note"),
        ({"limit": "x"}, "limit"),
    ],
)
def test_a_value_that_does_not_fit_its_column_is_refused(client: Client, change: dict[str, Any], field: str) -> None:
    response = client.post("/api/loan", {**LOAN, **change}, JSON)
    assert response.status_code == 422, response.content
    assert list(response.json()["fields"]) == [field]
    assert sentence(response).startswith(f"{field}: ")
    assert Loan.objects.count() == 0


@pytest.mark.parametrize("text", ["", "a\0b", "\ud800"])
def test_a_text_that_is_none_is_refused(client: Client, text: str) -> None:
    response = client.post("/api/reading", json.dumps({"text": text, "language": "en"}), JSON)
    assert response.status_code == 422
    assert sentence(response).startswith("text: ")


def test_times_are_told_in_utc(client: Client) -> None:
    task = create(client, "loan", LOAN)["id"]
    Loan.objects.filter(pk=task).update(checked=datetime(2026, 1, 31, 12, tzinfo=UTC))
    assert client.get(f"/api/loan/{task}").json()["checked"] == "2026-01-31T12:00:00Z"
