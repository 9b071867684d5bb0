"""Batches: stored all or nothing, counted, listed, cancelled, and their results in the order of the upload."""

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from rows import ago, held, store
from sentences import sentence
from uploading import GOOD, HEADER, Published, upload
from uploading import program as program  # a fixture

from arithmetic.models import MathTask
from durable import services
from durable.batches import counts
from durable.inserts import insert_many
from durable.models import Batch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]


def stored() -> list[tuple[Any, ...]]:
    """The tasks, in order."""
    return list(MathTask.objects.order_by("id").values_list("x", "task_type", "y", "status", "queue"))


def test_a_csv_file_becomes_a_batch(client: Client, published: Published) -> None:
    response = upload(client, HEADER + "0.1,add,.20\n 6 ,divide,3\n", **{"X-Request-ID": "r1"})
    batch = response.json()
    assert response.status_code == 201
    assert response["Location"] == f"/api/batches/{batch['id']}"
    assert batch["total"] == 2
    assert stored() == [
        ("0.1", "add", "0.20", "created", "batches"),
        ("6", "divide", "3", "created", "batches"),
    ]
    assert published == [(pk, "r1 batches") for pk in MathTask.objects.order_by("id").values_list("pk", flat=True)]
    found = client.get(response["Location"]).json()
    assert found == {
        **batch,
        "counts": {"scheduled": 0, "created": 2, "pending": 0, "success": 0, "failed": 0, "cancelled": 0},
    }


@pytest.mark.parametrize("body", [{"tasks": GOOD}, GOOD])
def test_json_becomes_a_batch(client: Client, published: Published, body: Any) -> None:
    assert upload(client, body, "application/json").status_code == 201
    assert [row[:3] for row in stored()] == [("0.1", "add", "0.2"), ("6", "divide", "3")]
    assert len(published) == 2


def test_the_same_key_gives_the_same_batch(client: Client, published: Published) -> None:
    body = HEADER + "1,add,2\n"
    first, again = (upload(client, body, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    other = upload(client, HEADER + "1,add,3\n", **{"Idempotency-Key": "k"})
    assert other.status_code == 409
    assert "new key" in sentence(other)
    assert (Batch.objects.count(), len(published)) == (1, 1)


def test_a_failure_in_the_middle_stores_nothing(
    client: Client, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: Any) -> None:
        insert_many(*given)
        raise RuntimeError("a bug")

    monkeypatch.setattr(services, "insert_many", broken)
    response = upload(client, HEADER + "1,add,2\n")
    assert response.status_code == 500
    assert sentence(response)
    assert (Batch.objects.count(), MathTask.objects.count(), published) == (0, 0, [])


@pytest.mark.parametrize(("hours", "purged", "success"), [(0, 0, 4), (11, 0, 4), (25, 0, 4), (25, 3, 1)])
def test_a_batch_counts_its_tasks_also_where_some_are_purged(hours: float, purged: int, success: int) -> None:
    batch = Batch.objects.create(kind="mathtask", total=6, fingerprint="", create_time=ago(hours * 3600))
    ids = store(4, batch_id=batch.pk, status="success")
    store(batch_id=batch.pk, status="failed"), store(batch_id=batch.pk)
    MathTask.objects.filter(pk__in=ids[:purged]).delete()
    assert counts(batch) == {
        "scheduled": 0,
        "created": 1,
        "pending": 0,
        "success": success,
        "failed": 1,
        "cancelled": 0,
    }


def test_results_come_in_the_order_of_the_upload_also_while_it_runs(client: Client, published: Published) -> None:
    batch = upload(client, HEADER + "1,add,2\n3,divide,0\n5,add,6\n").json()["id"]
    store(2)
    held("w/1", batch_id=batch, queue="batches")
    ids = [task_id for task_id, _ in published]
    MathTask.objects.filter(pk=ids[0]).update(status="success", result="3")
    MathTask.objects.filter(pk=ids[1]).update(status="failed", error='Division by zero, "no" result.')
    response = client.get(f"/api/batches/{batch}/results.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="batch-{batch}.csv"'
    body = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert list(csv.reader(io.StringIO(body))) == [
        ["id", "x", "task_type", "y", "status", "result", "error"],
        [str(ids[0]), "1", "add", "2", "success", "3", ""],
        [str(ids[1]), "3", "divide", "0", "failed", "", 'Division by zero, "no" result.'],
        [str(ids[2]), "5", "add", "6", "created", "", ""],
        [str(ids[2] + 3), "1", "add", "2", "pending", "", ""],
    ]


@pytest.mark.usefixtures("published")
def test_progress_costs_three_statements_however_large_the_batch(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for count in (1, 300):
        batch = upload(client, HEADER + "1,add,2\n" * count).json()["id"]
        with django_assert_num_queries(3):  # the batch, the claims, the counts
            assert client.get(f"/api/batches/{batch}").json()["counts"]["created"] == count


@pytest.mark.usefixtures("published")
def test_batches_are_listed_newest_first(client: Client) -> None:
    ids = [upload(client, HEADER + "1,add,2\n").json()["id"] for _ in range(3)][::-1]
    first = client.get("/api/batches?limit=2").json()
    assert [batch["id"] for batch in first["items"]] == ids[:2]
    second = client.get(f"/api/batches?before={first['next']}").json()
    assert ([batch["id"] for batch in second["items"]], second["next"]) == (ids[2:], None)


@pytest.mark.parametrize("path", ["", "/results.csv"])
@pytest.mark.parametrize("batch", [0, 7, 10**30])
def test_an_unknown_batch_is_not_found(client: Client, batch: int, path: str) -> None:
    response = client.get(f"/api/batches/{batch}{path}")
    assert response.status_code == 404
    assert str(batch) in sentence(response)


@pytest.mark.usefixtures("published")
def test_cancelling_a_batch_leaves_its_ended_tasks_and_the_other_ones(client: Client) -> None:
    batch = upload(client, HEADER + "1,add,2\n" * 3).json()["id"]
    other = store(2)
    ended = MathTask.objects.filter(batch_id=batch).first()
    assert ended
    MathTask.objects.filter(pk=ended.pk).update(status="success")
    assert client.post(f"/api/batches/{batch}/cancel").json() == {"changed": 2, "more": False}
    assert set(MathTask.objects.filter(pk__in=other).values_list("status", flat=True)) == {"created"}
    again = client.post(f"/api/batches/{batch}/cancel")
    assert again.status_code == 409
    assert sentence(again)


@pytest.mark.parametrize("lost", [1, -1, 1_000])
def test_a_batch_that_stores_another_number_of_rows_than_it_says_is_not_stored(
    client: Client, published: Published, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    def forgetful(kind: Any, batch: int, rows: Any) -> int:
        return insert_many(kind, batch, rows) - lost

    monkeypatch.setattr(services, "insert_many", forgetful)
    response = upload(client, HEADER + "1,add,2\n" * 1_500)
    assert response.status_code == 500
    assert sentence(response)
    assert (Batch.objects.count(), MathTask.objects.count(), published) == (0, 0, [])


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite can leave a row out without a word")
def test_rows_that_the_database_does_not_store_are_noticed(client: Client, published: Published) -> None:
    with connection.cursor() as cursor:  # of each thousand, the database keeps 999
        cursor.execute(
            "CREATE TRIGGER lossy BEFORE INSERT ON math_task WHEN NEW.x = '13' BEGIN SELECT RAISE(IGNORE); END"
        )
    try:
        response = upload(client, HEADER + "".join(f"{n},add,2\n" for n in range(1_500)))
        assert response.status_code == 500
        assert (Batch.objects.count(), MathTask.objects.count(), published) == (0, 0, [])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER lossy")
