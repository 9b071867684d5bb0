"""What a list can be narrowed to besides a kind's own columns: by error, by worker, by when tasks were created."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rows import KIND, ago, held, store

from arithmetic.models import MathTask
from durable import filters, listing
from durable.filters import Filters, first_since
from durable.models import Batch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What another test's table had where."""
    filters.settled.cache_clear()
    yield
    filters.settled.cache_clear()


def found(**asked: Any) -> list[int]:
    """The ids of the page."""
    return sorted(task.pk for task in listing.page(KIND, filters=Filters(**asked)).tasks)


def get(path: str, **query: Any) -> Any:
    """The API's answer."""
    return Client().get(f"{path}?{urlencode(query)}")


def hours() -> list[int]:
    """A task of each of the last ten hours, oldest first, with gaps between the ids."""
    ids = []
    for hour in range(10, 0, -1):
        gap, task = store(2)
        MathTask.objects.filter(pk=gap).delete()
        MathTask.objects.filter(pk=task).update(create_time=ago(hour * 3600))
        ids.append(task)
    return ids


@pytest.mark.parametrize(
    ("since", "until"), [(None, 4.5), (4.5, None), (7.5, 2.5), (20, None), (None, 20), (0.5, None)]
)
def test_a_range_of_time_is_a_range_of_ids(since: float | None, until: float | None) -> None:
    ids = hours()
    asked = {name: ago(value * 3600) for name, value in (("created_from", since), ("created_to", until)) if value}
    begin = 0 if since is None else max(0, 10 - int(since))
    end = 10 if until is None else max(0, 10 - int(until))
    assert found(**asked) == ids[begin:end]


def test_at_its_edges_the_range_is_exact() -> None:
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    before, at, after = store(3)
    for identity, step in ((before, -1), (at, 0), (after, 1)):
        MathTask.objects.filter(pk=identity).update(create_time=moment + timedelta(milliseconds=step))
    assert found(created_from=moment) == [at, after]
    assert found(created_to=moment) == [before]


def test_an_empty_table_has_no_range() -> None:
    assert found(created_from=ago(60)) == []
    assert found(created_to=ago(60)) == []
    assert first_since(KIND, ago(60)) == 0


def test_the_place_of_a_moment_that_has_passed_is_looked_up_once_and_by_few_rows() -> None:
    hours()
    moment = ago(5.5 * 3600)
    with CaptureQueriesContext(connection) as asked:
        first = first_since(KIND, moment)
    assert 2 <= len(asked) <= 2 + 8  # as many as twenty ids have bits, and a little
    with CaptureQueriesContext(connection) as asked:
        assert first_since(KIND, moment) == first
    assert len(asked) == 0


def test_by_error_and_by_worker() -> None:
    store(3)
    zero = store(2, status="failed", error="Division by zero.", worker="a/1")
    other = store(1, status="failed", error="Too large.", worker="b/1")
    assert found(error="Division by zero.") == zero
    assert found(error="Division by zero.", status="failed") == zero
    assert found(worker="b/1") == other
    assert found(error="Too large.", worker="a/1") == []


def test_what_runs_is_found_by_who_runs_it() -> None:
    mine, theirs = held("a/1", 2), held("b/1", 1)
    assert found(status="pending", worker="a/1") == mine
    assert found(status="pending", worker="b/1") == theirs


def test_by_batch_and_error_together() -> None:
    batch = Batch.objects.create(kind="mathtask", total=2, fingerprint="")
    (wanted,) = store(1, status="failed", error="Why.", batch=batch)
    store(1, status="success", batch=batch)
    store(1, status="failed", error="Why.")
    assert found(batch=batch.pk, error="Why.") == [wanted]


def test_the_api_takes_them_and_refuses_what_is_none() -> None:
    store(1, create_time=ago(7200))
    (late,) = store(1, status="failed", error="Why.", worker="w/1")
    answer = get("/api/tasks", error="Why.", worker="w/1", created_from=f"{ago(60):%Y-%m-%dT%H:%M:%SZ}")
    assert [task["id"] for task in answer.json()["items"]] == [late]
    for wrong in ("yesterday", "2026-01-31T12:00:00"):
        assert get("/api/tasks", created_from=wrong).status_code == 422
    answer = Client().post(
        "/api/tasks/retry", {"error": "Why.", "expected": 5, "status": "failed"}, content_type="application/json"
    )
    assert answer.json() == {"changed": 1, "more": False}


def test_the_page_takes_them_says_so_and_lets_each_be_left_out() -> None:
    (late,) = store(1, status="failed", error="Why.")
    response = Client().get("/", {"status": "failed", "error": "Why.", "created_from": "2026-01-31 12:00"})
    page = response.content.decode()
    assert f'data-id="{late}"' in page
    assert "Error: Why." in page
    assert 'href="/?status=failed&amp;created_from=2026-01-31+12%3A00#tasks-heading"' in page
    assert 'value="2026-01-31T12:00:00"' in page
    assert Client().get("/", {"created_from": "soon"}).status_code == 400


def test_a_list_that_is_narrowed_is_downloaded_as_csv_newest_first() -> None:
    store(2)
    first, second = store(2, status="failed", error="Why.")
    answer = get("/api/tasks/results.csv", status="failed", error="Why.")
    assert answer["Content-Disposition"] == 'attachment; filename="tasks.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert [(int(row["id"]), row["status"], row["error"]) for row in rows] == [
        (second, "failed", "Why."), (first, "failed", "Why."),
    ]  # fmt: skip
    assert get("/api/tasks/results.csv", before=1).status_code == 422


def test_the_download_ends_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("durable.results.MOST", 3)
    monkeypatch.setattr("durable.results.CHUNK", 2)
    ids = store(5)
    lines = get("/api/tasks/results.csv").getvalue().decode().split()
    assert [int(line.partition(",")[0]) for line in lines[1:]] == ids[::-1][:3]
