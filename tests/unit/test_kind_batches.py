"""Batches of every kind: uploaded, told, cancelled, and never another's."""

import csv
import io
import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from kinds import JSON, run
from kinds import program as program  # a fixture
from rows import store
from sentences import sentence

from arithmetic.models import MathTask
from durable.models import Batch
from support.readings.models import Loan, Reading

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
WIDE = "\u2028 \U0001f600 \t \"quoted\", and 'so'"


def lines(response: Any) -> list[list[str]]:
    """The cells of a CSV answer."""
    return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode())))


def test_a_batch_of_another_kind_names_it(client: Client) -> None:
    rows = [{"text": WIDE, "language": "en"}, {"text": "one two", "language": "zh"}]
    response = client.post("/api/reading/batches", json.dumps({"tasks": rows}), JSON)
    batch = response.json()
    assert (response.status_code, batch["kind"], batch["total"]) == (201, "reading", 2)
    assert response["Location"] == f"/api/batches/{batch['id']}"
    mine = client.post("/api/batches", "x,task_type,y\n1,add,2\n", "text/csv").json()
    assert [each["kind"] for each in client.get("/api/batches").json()["items"]] == ["mathtask", "reading"]
    run(Reading, *Reading.objects.values_list("id", flat=True))
    assert client.get(f"/api/batches/{batch['id']}").json()["counts"]["success"] == 2
    assert client.get(f"/api/batches/{mine['id']}").json()["counts"]["created"] == 1
    assert [item["batch"] for item in client.get(f"/api/reading?batch={batch['id']}").json()["items"]] == [
        batch["id"]
    ] * 2
    header, *told = lines(client.get(f"/api/batches/{batch['id']}/results.csv"))
    assert header == ["id", "text", "language", "status", "words", "reading_seconds", "error"]
    assert [line[1:4] for line in told] == [[WIDE, "en", "success"], ["one two", "zh", "success"]]
    assert told[1][4:] == ["2", "0.4", ""]


def test_a_csv_of_all_types_is_read_and_told(client: Client) -> None:
    text = "start,months,amount,insured,limit\n2026-01-31,12,1200.5,true,\n2026-02-28,6,99,False,50\n"
    response = client.post("/api/loan/batches", text, "text/csv")
    assert response.status_code == 201, response.content
    loans = list(Loan.objects.order_by("id"))
    assert [loan.insured for loan in loans] == [True, False]
    assert [loan.limit for loan in loans] == [None, Decimal(50)]
    run(Loan, *(loan.pk for loan in loans))
    _, one, two = lines(client.get(f"/api/batches/{response.json()['id']}/results.csv"))
    assert one[1:] == [
        "1200.50", "12", "2026-01-31", "flat", "True", "", "",
        "success", "100.04", "2027-01-26", "low", '{"months": 12}', "", "",
    ]  # fmt: skip
    assert two[8:] == ["failed", "", "", "", "", "", "The amount is above the limit of 50.00."]


def test_a_bad_line_of_another_kind_is_named(client: Client) -> None:
    response = client.post("/api/loan/batches", "amount,months,start\n1,1,2026-01-31\n1,0,2026-01-31\n", "text/csv")
    assert response.status_code == 422
    assert response.json()["lines"] == [
        {"line": 3, "error": "months: Ensure this value is greater than or equal to 1."}
    ]
    assert (Batch.objects.count(), Loan.objects.count()) == (0, 0)
    response = client.post("/api/loan/batches", "amount,months\n1,1\n", "text/csv")
    assert "amount,months,start" in sentence(response)


def test_a_batch_of_one_kind_with_the_key_of_another_is_a_conflict(client: Client) -> None:
    key = {"Idempotency-Key": "k"}
    body = json.dumps([{"text": "a", "language": "en"}])
    assert client.post("/api/reading/batches", body, JSON, headers=key).status_code == 201
    assert client.post("/api/batches", "x,task_type,y\n1,add,2\n", "text/csv", headers=key).status_code == 409


def test_a_batch_is_cancelled_whatever_its_kind(client: Client) -> None:
    store(2)
    body = json.dumps([{"text": "a", "language": "en"}] * 3)
    batch = client.post("/api/reading/batches", body, JSON).json()["id"]
    assert client.post(f"/api/batches/{batch}/cancel").json() == {"changed": 3, "more": False}
    assert set(MathTask.objects.values_list("status", flat=True)) == {"created"}


def test_a_batch_whose_kind_is_gone_is_not_found_but_listed(client: Client) -> None:
    batch = Batch.objects.create(kind="gone", total=1, fingerprint="").pk
    assert client.get("/api/batches").json()["items"][0]["kind"] == "gone"
    for path in ("", "/results.csv"):
        response = client.get(f"/api/batches/{batch}{path}")
        assert response.status_code == 404
        assert "gone" in sentence(response)
